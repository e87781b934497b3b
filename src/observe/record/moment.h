// The times of a record, as both formats print them.
#pragma once

#include <fmt/format.h>

#include <chrono>
#include <string>

#include "relay/terms/record.h"

namespace lastbyte::observe {

/// Returns UTC with milliseconds: "2026-03-04T05:06:07.089Z".
inline std::string moment_text(std::chrono::system_clock::time_point when) {
  const auto day = std::chrono::floor<std::chrono::days>(when);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(std::chrono::floor<std::chrono::milliseconds>(when - day));
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), time.hours().count(),
                     time.minutes().count(), time.seconds().count(), time.subseconds().count());
}

/// Returns the start on the wall clock plus the duration on the monotonic clock. Never before the start, even if the
/// wall clock was set back meanwhile.
inline std::chrono::system_clock::time_point ended(const relay::Record& record) {
  return record.started + record.duration;
}

/// Returns false for `none`, `limit`, `stop` and `abandoned`: they concern both sides at once.
constexpr bool first_has_side(termination::First first) {
  using termination::First;
  switch (first) {
    case First::fin:
    case First::reset:
    case First::vanished:
    case First::refused:
    case First::unreachable:
    case First::rejected: return true;
    case First::none:
    case First::limit:
    case First::stop:
    case First::abandoned: return false;
  }
  return false;
}

}  // namespace lastbyte::observe
