// What a name stands for, from one look-up to the next: when it is looked up again, and what it keeps when that fails.
// Pure: outcomes and time are passed in.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/time.h"
#include "net/address/address.h"
#include "upstream/terms/settings.h"

namespace lastbyte::upstream {

/// How a look-up ended.
enum class LookUp : std::uint8_t {
  found,    ///< addresses
  missing,  ///< the name does not exist (NXDOMAIN), or has none of the wanted kind (an empty answer)
  failed,   ///< no answer: SERVFAIL, a timeout, no server
};

struct Answer {
  LookUp outcome = LookUp::failed;
  std::vector<net::Address> addresses = {};  ///< without ports; empty unless `found`
  /// How long the answer may be used: the least TTL of its CNAME chain, or of a negative answer the SOA's. nullopt:
  /// unknown, as with `system`.
  std::optional<Duration> ttl = {};
};

/// One name. A failed look-up and a missing name keep the old addresses as Names::stale says.
class KnownName {
 public:
  /// True: the addresses have changed.
  bool take(const Answer& answer, const Names& rules, TimePoint now);
  /// Drops addresses that are too old. True: the addresses have changed.
  bool expire(const Names& rules, TimePoint now);

  /// Those that sessions may go to.
  [[nodiscard]] const std::vector<net::Address>& addresses() const { return addresses_; }
  /// When to look the name up again; epoch before the first time.
  [[nodiscard]] TimePoint next_look_up() const { return next_; }
  /// When expire() has something to drop; nullopt: never, as things are.
  [[nodiscard]] std::optional<TimePoint> expires(const Names& rules) const;
  /// It had addresses at some time.
  [[nodiscard]] bool was_known() const { return found_.has_value(); }
  /// The last look-up gave nothing, and the addresses are those of an earlier one.
  [[nodiscard]] bool is_stale() const { return stale_since_.has_value() && !addresses_.empty(); }

 private:
  std::vector<net::Address> addresses_;
  std::optional<TimePoint> found_;        ///< the last look-up that gave addresses
  std::optional<TimePoint> stale_since_;  ///< the first look-up after it that gave none
  std::uint32_t failures_ = 0;            ///< in a row
  TimePoint next_{};
};

/// How long to wait after a look-up. `failures`: look-ups without an answer in a row, this one included; the pause then
/// doubles from ttl_min (a second) up to `refresh`, so that a dead server is not stormed.
Duration pause_after(const Answer& answer, const Names& rules, std::uint32_t failures);

}  // namespace lastbyte::upstream
