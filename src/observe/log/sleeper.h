// A thread that sleeps when there is nothing to do, and wakers who pay a system call only when it does.
#pragma once

#include <poll.h>

#include <atomic>
#include <chrono>
#include <span>
#include <utility>

#include "base/result.h"
#include "loop/wakeup.h"

namespace lastbyte::observe {

/// poll(2), -1: for ever. Where RLIMIT_NOFILE was lowered below the number of descriptors it fails at once; that is a
/// pause then, so that nobody spins.
int wait_for(std::span<pollfd> wanted, int timeout_ms);

/// One thread sleeps, any thread wakes. The sleeper's order: announce_sleep(), look for work once more, then either
/// sleep() or withdraw(). A waker's order: provide the work, then wake(). Both orders meet in one atomic exchange, so
/// that either the sleeper sees the work or the waker sees the announcement.
class Sleeper {
 public:
  static Result<Sleeper> create();
  Sleeper(Sleeper&& other) noexcept : wakeup_(std::move(other.wakeup_)) {}
  Sleeper& operator=(Sleeper&&) = delete;

  // The sleeping thread:
  void announce_sleep() { announced_.exchange(true, std::memory_order_acq_rel); }
  void withdraw() { announced_.exchange(false, std::memory_order_acq_rel); }
  /// Until woken or interrupted; takes the announcement back.
  void sleep();
  /// For `time`, or until interrupted. Not announced: wake() does nothing meanwhile.
  void nap(std::chrono::milliseconds time);
  /// To be polled beside something else; readable once interrupted.
  [[nodiscard]] int fd() const { return wakeup_.fd(); }
  /// Takes the interruption, so that fd() is not readable any more.
  void clear() { wakeup_.clear(); }

  // Any thread:
  /// True if the sleeper had announced its sleep, and only then at the cost of a system call.
  bool wake();
  /// Wakes from a nap too.
  void interrupt() { wakeup_.raise(); }

 private:
  explicit Sleeper(loop::Wakeup wakeup) : wakeup_(std::move(wakeup)) {}
  loop::Wakeup wakeup_;
  std::atomic<bool> announced_{false};
};

}  // namespace lastbyte::observe
