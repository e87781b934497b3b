// The times of a record, as both formats show them.
#pragma once

#include <fmt/chrono.h>

#include <chrono>
#include <string>

#include "relay/record.h"

namespace lastbyte::observe {

/// UTC with milliseconds: "2026-03-04T05:06:07.089Z".
inline std::string moment_text(std::chrono::system_clock::time_point when) {
  const auto second = std::chrono::floor<std::chrono::seconds>(when);
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(when - second).count();
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(second)), ms);
}

/// The start on the wall clock plus the duration on the monotonic one: never before the start, whatever happened to
/// the wall clock meanwhile.
inline std::chrono::system_clock::time_point ended(const relay::Record& record) {
  return record.started + record.duration;
}

/// `none`, `limit` and `stop` happen to both sides at once.
constexpr bool first_has_side(termination::First first) {
  using termination::First;
  switch (first) {
    case First::fin:
    case First::reset:
    case First::vanished:
    case First::refused:
    case First::unreachable: return true;
    case First::none:
    case First::limit:
    case First::stop: return false;
  }
  return false;
}

}  // namespace lastbyte::observe
