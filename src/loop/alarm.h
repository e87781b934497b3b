// Ends a wait for events at a deadline. A timeout of epoll_wait(2) makes the kernel set and cancel a timer, and a busy
// worker waits tens of thousands of times a second for deadlines that are seconds away. A far deadline is therefore
// left to a timerfd. The timerfd is set again only for an earlier deadline: ringing too early costs one wake-up.
#pragma once

#include <optional>

#include "base/descriptor.h"
#include "base/result.h"
#include "base/time.h"

namespace lastbyte::loop {

/// Not thread-safe: one per thread.
class Alarm {
 public:
  static Result<Alarm> create();

  /// Readable once the alarm has rung. Watch it with EPOLLIN | EPOLLET, because nobody reads it.
  [[nodiscard]] int fd() const { return timer_.get(); }
  /// Tell the alarm that its event has come.
  void rang() { set_for_.reset(); }

  /// Returns the timeout for a wait that must end at `due`, in milliseconds, rounded up. -1: no timeout is needed,
  /// because nothing is due or the alarm rings by then.
  int timeout_ms(std::optional<TimePoint> due, TimePoint now);

  /// Deadlines nearer than this are left to the timeout.
  static constexpr Duration kNear{20};

 private:
  explicit Alarm(Descriptor timer) : timer_(std::move(timer)) {}
  bool set(TimePoint at);

  Descriptor timer_;
  std::optional<TimePoint> set_for_;
};

}  // namespace lastbyte::loop
