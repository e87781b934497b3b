// When a wait for events ends for the sake of time. A wait with a timeout costs the kernel a timer that it sets and
// takes back, and a busy worker waits tens of thousands of times a second for deadlines that are seconds away. So a far
// deadline is left to a timerfd, which is set anew only for an earlier one: one that rings too early costs one wake-up.
#pragma once

#include <optional>

#include "base/descriptor.h"
#include "base/result.h"
#include "base/time.h"

namespace lastbyte::loop {

/// One thread's own.
class Alarm {
 public:
  static Result<Alarm> create();

  /// Readable once it has rung; to be watched with EPOLLIN | EPOLLET, for nobody reads it.
  [[nodiscard]] int fd() const { return timer_.get(); }
  /// Its event came.
  void rang() { set_for_.reset(); }

  /// How long a wait for events may take at most that is to end at `due`, in milliseconds, rounded up; -1: no timeout
  /// is needed, because nothing is due or the alarm rings by then.
  int timeout_ms(std::optional<TimePoint> due, TimePoint now);

  /// What is due sooner than this is left to the timeout.
  static constexpr Duration kNear{20};

 private:
  explicit Alarm(Descriptor timer) : timer_(std::move(timer)) {}
  bool set(TimePoint at);

  Descriptor timer_;
  std::optional<TimePoint> set_for_;
};

}  // namespace lastbyte::loop
