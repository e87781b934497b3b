// Limits how many lines the workers may write. Pure: the caller passes in the time.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>

#include "base/time.h"

namespace lastbyte::proxy {

/// Allows kAtOnce lines at once, and kPerSecond in the long run. Any thread, without a lock.
class LineRate {
 public:
  static constexpr int kAtOnce = 100;
  static constexpr int kPerSecond = 10;

  /// Returns whether the line may be written.
  bool allows(TimePoint now) {
    const std::int64_t at = std::chrono::nanoseconds(now.time_since_epoch()).count();
    std::int64_t due = due_.load(std::memory_order_relaxed);
    for (;;) {
      const std::int64_t from = std::max(due, at);
      if (from - at > kCredit) return false;
      if (due_.compare_exchange_weak(due, from + kApart, std::memory_order_relaxed)) return true;
    }
  }

 private:
  static constexpr std::int64_t kApart = std::chrono::nanoseconds(std::chrono::seconds(1)).count() / kPerSecond;
  static constexpr std::int64_t kCredit = (kAtOnce - 1) * kApart;

  /// When the next line would be due at the even rate; at most kCredit ahead of the time.
  std::atomic<std::int64_t> due_{0};
};

}  // namespace lastbyte::proxy
