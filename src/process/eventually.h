// Waiting for a condition that nothing announces.
#pragma once

#include <thread>

#include "base/time.h"

namespace lastbyte::process {

/// Asks again every `pause` until the condition holds: true. False when it did not hold within `patience`. Blocks: not
/// for a thread that has other work.
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
