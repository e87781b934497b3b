// A thread that sleeps without work. Waking it costs a system call only while it sleeps.
#pragma once

#include <poll.h>

#include <atomic>
#include <chrono>
#include <span>
#include <utility>

#include "base/result.h"
#include "loop/wakeup.h"

namespace lastbyte::observe {

/// Calls poll(2); -1 waits for ever. If RLIMIT_NOFILE was lowered below the number of descriptors, poll(2) fails at
/// once: then this function pauses, so that the caller does not spin.
int wait_for(std::span<pollfd> wanted, int timeout_ms);

/// One thread sleeps, any thread may wake it. The sleeper calls announce_sleep(), looks for work once more, then calls
/// sleep() or withdraw(). A waker provides work, then calls wake(). Both use one atomic exchange, so either the sleeper
/// sees the work or the waker sees the announcement.
class Sleeper {
 public:
  static Result<Sleeper> create();
  Sleeper(Sleeper&& other) noexcept : wakeup_(std::move(other.wakeup_)) {}
  Sleeper& operator=(Sleeper&&) = delete;

  // For the sleeping thread:
  void announce_sleep() { announced_.exchange(true, std::memory_order_acq_rel); }
  void withdraw() { announced_.exchange(false, std::memory_order_acq_rel); }
  /// Sleeps until woken or interrupted. Withdraws the announcement.
  void sleep();
  /// Sleeps for `time` or until interrupted. Without an announcement, so wake() does nothing meanwhile.
  void nap(std::chrono::milliseconds time);
  /// For polling together with another descriptor: readable after an interruption.
  [[nodiscard]] int fd() const { return wakeup_.fd(); }
  /// Takes the interruption: fd() is no longer readable.
  void clear() { wakeup_.clear(); }

  // For any thread:
  /// Wakes an announced sleep. Returns true, and makes a system call, only if there was one.
  bool wake();
  /// Ends a nap too.
  void interrupt() { wakeup_.raise(); }

 private:
  explicit Sleeper(loop::Wakeup wakeup) : wakeup_(std::move(wakeup)) {}
  loop::Wakeup wakeup_;
  std::atomic<bool> announced_{false};
};

}  // namespace lastbyte::observe
