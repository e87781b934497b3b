// The cost of a session with a member: a peak-EWMA in microseconds. A sample above the average raises it at once; a
// sample below lowers it over time. Without samples it decays, so that a slow member gets another chance. Pure.
#pragma once

#include <cstdint>

#include "base/time.h"
#include "upstream/terms/snapshot.h"

namespace lastbyte::upstream {

/// The time in which the average loses all but 1/e of its distance to its target.
inline constexpr Duration kEwmaTime{10'000};
/// The sample that a bad ending counts as: slow enough to avoid the member, fast enough for it to return.
inline constexpr std::chrono::microseconds kBadEnding{5'000'000};

struct Ewma {
  double cost_us = 0;
  TimePoint at{};  ///< time of the last sample

  /// The cost after decay until `now`.
  [[nodiscard]] double sunk(TimePoint now) const;
  void take(std::chrono::microseconds sample, TimePoint now);
};

/// Adds a sample to a member's figures. If two threads do so at once, one of the samples may be lost.
void take_sample(Figures& figures, std::chrono::microseconds sample, TimePoint now);
double cost_us(const Figures& figures, TimePoint now);

}  // namespace lastbyte::upstream
