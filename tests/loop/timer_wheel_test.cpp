// The wheel against a plain sorted list: whatever is set, moved and cancelled, each timer comes once, in its tick.
#include "loop/timer_wheel.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <memory>
#include <vector>

namespace lastbyte::loop {
namespace {

std::vector<Timer*> all_due(TimerWheel& wheel, std::uint64_t now) {
  std::vector<Timer*> due;
  while (Timer* timer = wheel.pop_due(now)) due.push_back(timer);
  return due;
}

TEST(TimerWheel, comes_in_its_tick_and_not_before) {
  TimerWheel wheel(0);
  Timer timer;
  wheel.set(timer, 100);
  EXPECT_TRUE(all_due(wheel, 99).empty());
  EXPECT_EQ(all_due(wheel, 100), std::vector{&timer});
  EXPECT_FALSE(timer.is_set());
}

TEST(TimerWheel, a_time_in_the_past_means_the_next_tick) {
  TimerWheel wheel(500);
  Timer timer;
  wheel.set(timer, 3);
  EXPECT_EQ(wheel.next(), 501U);
  EXPECT_EQ(all_due(wheel, 501), std::vector{&timer});
}

TEST(TimerWheel, a_cancelled_timer_never_comes) {
  TimerWheel wheel(0);
  Timer timer;
  wheel.set(timer, 10);
  wheel.cancel(timer);
  wheel.cancel(timer);
  EXPECT_EQ(wheel.next(), std::nullopt);
  EXPECT_TRUE(all_due(wheel, 1'000).empty());
}

TEST(TimerWheel, one_due_timer_may_cancel_another_of_the_same_tick) {
  TimerWheel wheel(0);
  Timer first;
  Timer second;
  wheel.set(first, 10);
  wheel.set(second, 10);
  Timer* due = wheel.pop_due(10);
  ASSERT_NE(due, nullptr);
  wheel.cancel(due == &first ? second : first);
  EXPECT_EQ(wheel.pop_due(10), nullptr);
}

TEST(TimerWheel, beyond_its_reach_a_timer_still_comes_in_its_tick) {
  TimerWheel wheel(7);
  Timer timer;
  const std::uint64_t far = (std::uint64_t{1} << 30) * 5 + 3;
  wheel.set(timer, far);
  EXPECT_TRUE(all_due(wheel, far - 1).empty());
  EXPECT_EQ(all_due(wheel, far), std::vector{&timer});
}

struct Operation {
  std::size_t timer;
  std::uint64_t ahead;  // 0: cancel
  std::uint64_t advance;
};

// Moves both the wheel and a plain map through the same operations.
RC_GTEST_PROP(TimerWheel, agrees_with_a_sorted_list, ()) {
  constexpr std::size_t kTimers = 12;
  std::uint64_t now = *rc::gen::inRange<std::uint64_t>(0, 5'000'000);
  TimerWheel wheel(now);
  std::vector<Timer> timers(kTimers);
  std::map<Timer*, std::uint64_t> expected;
  const auto steps = *rc::gen::inRange(1, 80);
  for (int step = 0; step < steps; ++step) {
    Timer& timer = timers[*rc::gen::inRange<std::size_t>(0, kTimers)];
    const auto magnitude = *rc::gen::inRange<unsigned>(0, 26);
    const auto ahead = *rc::gen::inRange<std::uint64_t>(0, (std::uint64_t{1} << magnitude) + 1);
    if (ahead == 0) {
      wheel.cancel(timer);
      expected.erase(&timer);
    } else {
      wheel.set(timer, now + ahead);
      expected[&timer] = now + ahead;
    }
    if (const auto next = wheel.next()) {
      for (const auto& [each, due] : expected) RC_ASSERT(*next <= due);
    } else {
      RC_ASSERT(expected.empty());
    }
    now += *rc::gen::inRange<std::uint64_t>(0, std::uint64_t{1} << *rc::gen::inRange<unsigned>(1, 24));
    std::uint64_t last = 0;
    while (Timer* due = wheel.pop_due(now)) {
      const auto found = expected.find(due);
      RC_ASSERT(found != expected.end());
      RC_ASSERT(found->second <= now);
      RC_ASSERT(found->second >= last);
      last = found->second;
      expected.erase(found);
    }
    for (const auto& [each, due] : expected) RC_ASSERT(due > now);
  }
}

}  // namespace
}  // namespace lastbyte::loop
