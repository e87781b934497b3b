// The CPU time of a running thread, readable from other threads.
#pragma once

#include <pthread.h>
#include <time.h>

#include <atomic>
#include <chrono>

namespace lastbyte::relay {

class CpuClock {
 public:
  /// Called by the thread itself, when it begins and ends.
  void begin() {
    clockid_t clock = kNone;
    if (::pthread_getcpuclockid(pthread_self(), &clock) == 0) clock_ = clock;
  }
  void end() { clock_ = kNone; }

  /// From any thread; 0 before begin() and after end().
  [[nodiscard]] std::chrono::nanoseconds used() const {
    timespec used{};
    const clockid_t clock = clock_;
    if (clock == kNone || ::clock_gettime(clock, &used) != 0) return {};
    return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
  }

 private:
  static constexpr clockid_t kNone = -1;
  std::atomic<clockid_t> clock_{kNone};
};

}  // namespace lastbyte::relay
