// When a session that goes on is due for a record.
#include "relay/terms/progress.h"

#include <gtest/gtest.h>

#include <chrono>

namespace lastbyte::relay {
namespace {

using namespace std::chrono_literals;

TEST(Progress, is_due_once_after_each_interval_of_a_sessions_life_however_late_the_looks_come) {
  constexpr Duration kEvery = 10s;
  for (const std::chrono::microseconds step : {1s, 3s, 7s, 10s}) {
    int records = 0;
    std::chrono::microseconds age = 400ms;
    for (; age < 100s; age += step) records += progress_is_due(age, step, kEvery) ? 1 : 0;
    EXPECT_EQ(records, (age - step) / kEvery) << step.count();
  }
}

TEST(Progress, that_was_due_several_times_between_two_looks_has_one_record) {
  EXPECT_TRUE(progress_is_due(95s, 60s, 10s));
  EXPECT_FALSE(progress_is_due(9999ms, 60s, 10s)) << "it began after the last look, and is not old enough";
  EXPECT_TRUE(progress_is_due(10s, 60s, 10s));
}

TEST(Progress, is_looked_after_eight_times_an_interval_within_a_second_and_a_minute) {
  EXPECT_EQ(progress_interval(1s), 1s);
  EXPECT_EQ(progress_interval(80s), 10s);
  EXPECT_EQ(progress_interval(24h), 1min);
}

}  // namespace
}  // namespace lastbyte::relay
