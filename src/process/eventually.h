// Waits for a condition that no event reports.
#pragma once

#include <thread>

#include "base/time.h"

namespace lastbyte::process {

/// Checks the condition every `pause` and returns true when it holds, or false if it did not hold within `patience`. It
/// blocks, so a thread with other work must not call it.
template <typename Condition>
bool eventually(Condition&& condition, Duration patience, Duration pause = Duration(2)) {
  const TimePoint end = Clock::now() + patience;
  while (!condition()) {
    if (Clock::now() > end) return false;
    std::this_thread::sleep_for(pause);
  }
  return true;
}

}  // namespace lastbyte::process
