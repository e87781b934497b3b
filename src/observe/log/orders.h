// What the thread of a log is told to do between two lines: write elsewhere, write in another form, open its file anew.
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
  bool moves = false;                    ///< the log gets `target`
  std::optional<LogTarget> target = {};  ///< nullopt: it gets none of its own
  std::optional<Format> format = {};     ///< nullopt: that of before
};

/// Orders that have not been carried out yet, as one: a later one takes the place of an earlier one that says the same.
template <typename Format>
class LogOrders {
 public:
  /// From any thread.
  void give(LogOrder<Format> order) {
    const std::lock_guard lock(mutex_);
    if (order.moves) {
      waiting_.moves = true;
      waiting_.target = std::move(order.target);
      waiting_.reopen = false;  // it was about the target of before
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
