// What a session with a member costs: a peak-EWMA in microseconds. A sample above the average raises it at once, one
// below lowers it over time; without samples it sinks, so that a member which was slow gets another chance. Pure.
#pragma once

#include <cstdint>

#include "base/time.h"
#include "upstream/terms/snapshot.h"

namespace lastbyte::upstream {

/// In this time, the average loses all but 1/e of its distance from what it goes to.
inline constexpr Duration kEwmaTime{10'000};
/// What a bad ending counts as: so slow that the member is avoided, not so slow that it never returns.
inline constexpr std::chrono::microseconds kBadEnding{5'000'000};

struct Ewma {
  double cost_us = 0;
  TimePoint at{};  ///< of the last sample

  /// What it has sunk to by `now`.
  [[nodiscard]] double sunk(TimePoint now) const;
  void take(std::chrono::microseconds sample, TimePoint now);
};

/// The same in a member's figures. Two threads at a time may lose one of two samples.
void take_sample(Figures& figures, std::chrono::microseconds sample, TimePoint now);
double cost_us(const Figures& figures, TimePoint now);

}  // namespace lastbyte::upstream
