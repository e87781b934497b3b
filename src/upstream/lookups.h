// The addresses of a name over repeated look-ups: when the next look-up is due, and which addresses stay when one
// fails. Pure: outcomes and time are passed in.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/time.h"
#include "net/address/address.h"
#include "upstream/terms/settings.h"

namespace lastbyte::upstream {

/// The outcome of a look-up.
enum class LookUp : std::uint8_t {
  found,    ///< the answer has addresses
  missing,  ///< the name does not exist (NXDOMAIN), or has no record of the wanted type (an empty answer)
  failed,   ///< no answer: SERVFAIL, a timeout, no server
};

struct Answer {
  LookUp outcome = LookUp::failed;
  std::vector<net::Address> addresses = {};  ///< without ports; empty unless `found`
  /// How long the answer may be used: the least TTL of its CNAME chain; for a negative answer, the SOA's TTL. nullopt:
  /// unknown, as with `system`.
  std::optional<Duration> ttl = {};
};

/// One name. After a failed look-up or for a missing name, Names::stale decides how long the old addresses stay.
class KnownName {
 public:
  /// Takes an answer. Returns true if the addresses have changed.
  bool take(const Answer& answer, const Names& rules, TimePoint now);
  /// Drops addresses that are too old. Returns true if the addresses have changed.
  bool expire(const Names& rules, TimePoint now);

  /// The addresses that sessions may connect to.
  [[nodiscard]] const std::vector<net::Address>& addresses() const { return addresses_; }
  /// When the next look-up is due; epoch before the first one.
  [[nodiscard]] TimePoint next_look_up() const { return next_; }
  /// When expire() will drop the addresses; nullopt: never, unless something changes.
  [[nodiscard]] std::optional<TimePoint> expires(const Names& rules) const;
  /// Whether a look-up has ever found addresses.
  [[nodiscard]] bool was_known() const { return found_.has_value(); }
  /// Whether the last look-up found nothing and the addresses come from an earlier one.
  [[nodiscard]] bool is_stale() const { return stale_since_.has_value() && !addresses_.empty(); }

 private:
  std::vector<net::Address> addresses_;
  std::optional<TimePoint> found_;        ///< the last look-up that found addresses
  std::optional<TimePoint> stale_since_;  ///< the first look-up after `found_` that found none
  std::uint32_t failures_ = 0;            ///< in a row
  TimePoint next_{};
};

/// How long to wait after a look-up. `failures` counts the look-ups without an answer in a row, this one included. The
/// pause then doubles from ttl_min (a second) up to `refresh`, so that retries do not overload a failing server.
Duration pause_after(const Answer& answer, const Names& rules, std::uint32_t failures);

}  // namespace lastbyte::upstream
