#include "loop/alarm.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/timerfd.h>

namespace lastbyte::loop {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Whether the timerfd is set.
bool is_set(const Alarm& alarm) {
  itimerspec left{};
  EXPECT_EQ(::timerfd_gettime(alarm.fd(), &left), 0);
  return left.it_value.tv_sec != 0 || left.it_value.tv_nsec != 0;
}

struct Scene {
  Alarm alarm = std::move(*Alarm::create());
  TimePoint now = Clock::now();
};

TEST(Alarm, nothing_due_needs_no_timeout) {
  Scene scene;
  EXPECT_EQ(scene.alarm.timeout_ms(std::nullopt, scene.now), -1);
  EXPECT_FALSE(is_set(scene.alarm));
}

TEST(Alarm, what_is_due_soon_is_left_to_the_timeout_rounded_up) {
  Scene scene;
  EXPECT_EQ(scene.alarm.timeout_ms(scene.now + std::chrono::microseconds(1'200), scene.now), 2);
  EXPECT_EQ(scene.alarm.timeout_ms(scene.now - seconds(1), scene.now), 0);
  EXPECT_FALSE(is_set(scene.alarm));
}

TEST(Alarm, what_is_due_later_rings) {
  Scene scene;
  EXPECT_EQ(scene.alarm.timeout_ms(scene.now + Alarm::kNear + milliseconds(1), scene.now), -1);
  pollfd polled{.fd = scene.alarm.fd(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(::poll(&polled, 1, 20'000), 1);
  EXPECT_GE(Clock::now(), scene.now + Alarm::kNear);
}

TEST(Alarm, is_set_anew_only_for_what_is_due_earlier) {
  Scene scene;
  EXPECT_EQ(scene.alarm.timeout_ms(scene.now + seconds(60), scene.now), -1);
  // Who takes its time away sees whether it is set again.
  const itimerspec never{};
  ASSERT_EQ(::timerfd_settime(scene.alarm.fd(), 0, &never, nullptr), 0);
  EXPECT_EQ(scene.alarm.timeout_ms(scene.now + seconds(60), scene.now), -1);
  EXPECT_EQ(scene.alarm.timeout_ms(scene.now + seconds(90), scene.now), -1);
  EXPECT_FALSE(is_set(scene.alarm));
  EXPECT_EQ(scene.alarm.timeout_ms(scene.now + seconds(30), scene.now), -1);
  EXPECT_TRUE(is_set(scene.alarm));
}

TEST(Alarm, once_it_has_rung_it_is_set_for_what_comes_next) {
  Scene scene;
  scene.alarm.timeout_ms(scene.now + seconds(60), scene.now);
  const itimerspec never{};
  ASSERT_EQ(::timerfd_settime(scene.alarm.fd(), 0, &never, nullptr), 0);
  scene.alarm.rang();
  EXPECT_EQ(scene.alarm.timeout_ms(scene.now + seconds(90), scene.now), -1);
  EXPECT_TRUE(is_set(scene.alarm));
}

}  // namespace
}  // namespace lastbyte::loop
