#include "loop/alarm.h"

#include <sys/timerfd.h>

#include <algorithm>
#include <chrono>

namespace lastbyte::loop {

Result<Alarm> Alarm::create() {
  Descriptor timer(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
  if (!timer) return failure_from_errno("timerfd_create");
  return Alarm(std::move(timer));
}

int Alarm::timeout_ms(std::optional<TimePoint> due, TimePoint now) {
  if (!due || (set_for_ && *set_for_ <= *due)) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*due - now);
  if (left > kNear && set(*due)) return -1;
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 1'000'000));
}

bool Alarm::set(TimePoint at) {
  const auto since_boot = std::chrono::duration_cast<std::chrono::nanoseconds>(at.time_since_epoch());
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since_boot);
  itimerspec when{};
  when.it_value = {.tv_sec = seconds.count(), .tv_nsec = (since_boot - seconds).count()};
  if (::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &when, nullptr) != 0) return false;
  set_for_ = at;
  return true;
}

}  // namespace lastbyte::loop
