// The attempts of one session to reach its upstream (T3).
//
// One address is tried after the other, each with an equal share of what is left of limits.connect. Where a UNIX
// socket's backlog is full, the same address is tried again after a pause. Pure: the session connects.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/time.h"
#include "net/address/address.h"
#include "upstream/attempts.h"

namespace lastbyte::relay {

class Reach {
 public:
  /// Begins. `addresses` are tried in this order; they must outlive the session's last use of choice().
  void begin(TimePoint now, Duration limit, const std::vector<net::Address>& addresses);

  /// Begins the next try. The address to try, which is the choice from now on; null: all were tried.
  const net::Address* next(TimePoint now);

  /// No readiness tells when a full backlog has room again: the same address is to be tried again after a pause, which
  /// doubles each time (1 ms to 250 ms).
  void pause(TimePoint now);
  /// The pause is over: next() gives the same address again.
  void try_again() { --attempts_.made; }
  [[nodiscard]] bool pauses() const { return pause_ != Duration{0}; }

  /// When the try under way, or the pause, is over.
  [[nodiscard]] TimePoint try_ends() const { return try_ends_; }
  /// When all of it is over (limits.connect).
  [[nodiscard]] TimePoint ends() const { return began_ + limit_; }

  /// Where the session was connected, or last tried to; null: nowhere.
  [[nodiscard]] const net::Address* choice() const { return choice_; }
  /// Connection attempts after the first.
  [[nodiscard]] std::uint32_t retries() const { return attempts_.made > 0 ? attempts_.made - 1 : 0; }

 private:
  upstream::Attempts attempts_{.made = 0, .addresses = 0};
  const std::vector<net::Address>* addresses_ = nullptr;
  const net::Address* choice_ = nullptr;
  TimePoint began_{};
  Duration limit_{0};
  TimePoint try_ends_{};
  Duration pause_{0};
};

}  // namespace lastbyte::relay
