// One session's attempts to connect to its upstream (T3).
//
// Addresses are tried one after another, each with an equal share of what is left of limits.connect. If a UNIX socket's
// backlog is full, the same address is tried again after a pause. For a forwarding with a group, GroupReach does this
// (group_reach.h), and Reach only forwards its answers. The session itself makes the connections.
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
  /// Begins with `addresses`, tried in this order. They must outlive the session's last use of choice().
  void begin(TimePoint now, Duration limit, const std::vector<net::Address>& addresses);

  void begin(std::unique_ptr<GroupReach> group) { group_ = std::move(group); }
  /// Null: the session has no group.
  [[nodiscard]] GroupReach* group() const { return group_.get(); }

  // Without a group:
  /// Begins the next try. Returns its address, which becomes the choice; null: all were tried.
  const net::Address* next(TimePoint now);

  /// Begins a pause, after which the same address is tried again: no readiness event reports that a full backlog has
  /// room again. The pause doubles each time (1 ms to 250 ms).
  void pause(TimePoint now);
  /// Ends the pause: next() returns the same address again.
  void try_again() { --attempts_.made; }
  // With a group or without:
  /// Whether the upstream side may have no socket while it is connecting.
  [[nodiscard]] bool pauses() const { return group_ ? !group_->is_connected() : pause_ != Duration{0}; }
  /// When the next thing is due: the end of the current try or of the pause.
  [[nodiscard]] TimePoint try_ends() const { return group_ ? group_->wakes_at() : try_ends_; }
  /// When all tries must be over (limits.connect, or the time in the queue).
  [[nodiscard]] TimePoint ends() const { return group_ ? group_->ends() : ends_; }
  /// The address connected to or last tried; null: none.
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
