// Orders for the thread of a log, which carries them out between two lines: change the target, change the format,
// reopen the file.
#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <utility>

#include "observe/log/target.h"

namespace lastbyte::observe {

template <typename Format>
struct LogOrder {
  bool reopen = false;
  bool moves = false;                    ///< change the target to `target`
  std::optional<LogTarget> target = {};  ///< nullopt: the log gets no target
  std::optional<Format> format = {};     ///< nullopt: keep the format
};

/// Collects orders until the thread carries them out. A later target or format replaces an earlier one.
template <typename Format>
class LogOrders {
 public:
  /// From any thread.
  void give(LogOrder<Format> order) {
    const std::lock_guard lock(mutex_);
    if (order.moves) {
      waiting_.moves = true;
      waiting_.target = std::move(order.target);
      waiting_.reopen = false;  // it was meant for the former target
    }
    waiting_.reopen = waiting_.reopen || order.reopen;
    if (order.format) waiting_.format = order.format;
    any_.store(true);
  }

  [[nodiscard]] bool any() const { return any_.load(); }

  LogOrder<Format> take() {
    const std::lock_guard lock(mutex_);
    any_.store(false);
    return std::exchange(waiting_, {});
  }

 private:
  std::mutex mutex_;
  LogOrder<Format> waiting_;
  std::atomic<bool> any_{false};
};

}  // namespace lastbyte::observe
