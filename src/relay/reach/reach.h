// The attempts of one session to reach its upstream (T3).
//
// One address is tried after the other, each with an equal share of what is left of limits.connect. Where a UNIX
// socket's backlog is full, the same address is tried again after a pause. A session whose forwarding has a group goes
// its own way (group_reach.h), and this only answers for it. The session connects.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/time.h"
#include "net/address/address.h"
#include "relay/reach/group_reach.h"
#include "upstream/attempts.h"

namespace lastbyte::relay {

class Reach {
 public:
  /// Begins. `addresses` are tried in this order; they must outlive the session's last use of choice().
  void begin(TimePoint now, Duration limit, const std::vector<net::Address>& addresses);

  void begin(std::unique_ptr<GroupReach> group) { group_ = std::move(group); }
  /// Null: the session has no group.
  [[nodiscard]] GroupReach* group() const { return group_.get(); }

  // Without a group:
  /// Begins the next try. The address to try, which is the choice from now on; null: all were tried.
  const net::Address* next(TimePoint now);

  /// No readiness tells when a full backlog has room again: the same address is to be tried again after a pause, which
  /// doubles each time (1 ms to 250 ms).
  void pause(TimePoint now);
  /// The pause is over: next() gives the same address again.
  void try_again() { --attempts_.made; }
  // With a group or without:
  /// The upstream side may be without a socket while it is being connected.
  [[nodiscard]] bool pauses() const { return group_ ? !group_->is_connected() : pause_ != Duration{0}; }
  /// When there is something to do: the try under way, or the pause, is over.
  [[nodiscard]] TimePoint try_ends() const { return group_ ? group_->wakes_at() : try_ends_; }
  /// When all of it is over (limits.connect, or the time in the queue).
  [[nodiscard]] TimePoint ends() const { return group_ ? group_->ends() : ends_; }
  /// Where the session was connected, or last tried to; null: nowhere.
  [[nodiscard]] const net::Address* choice() const {
    if (group_) return group_->last.none() ? nullptr : &group_->last;
    return choice_;
  }
  /// Connection attempts after the first.
  [[nodiscard]] std::uint32_t retries() const {
    if (group_) return group_->retries();
    return attempts_.made > 0 ? attempts_.made - 1 : 0;
  }

 private:
  upstream::Attempts attempts_{.made = 0, .addresses = 0};
  const std::vector<net::Address>* addresses_ = nullptr;
  const net::Address* choice_ = nullptr;
  TimePoint ends_{};
  TimePoint try_ends_{};
  Duration pause_{0};
  std::unique_ptr<GroupReach> group_;
};

}  // namespace lastbyte::relay
