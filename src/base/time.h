// Time in this project is monotonic and passed in; no decision reads the clock.
#pragma once

#include <chrono>

namespace lastbyte {

using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;
using Duration = std::chrono::milliseconds;

}  // namespace lastbyte
