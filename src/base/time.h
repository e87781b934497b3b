// Time as the project uses it: monotonic, passed in, never asked for inside a decision.
#pragma once

#include <chrono>

namespace lastbyte {

using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;
using Duration = std::chrono::milliseconds;

}  // namespace lastbyte
