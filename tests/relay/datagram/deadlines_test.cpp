#include "relay/datagram/deadlines.h"

#include <gtest/gtest.h>

namespace lastbyte::relay {
namespace {

TimePoint when(int ms) { return TimePoint(Duration(ms)); }

/// Heard at 10 s, with a limit of a minute.
DatagramTimes heard() {
  DatagramTimes times;
  times.limit = Duration(60'000);
  times.heard = when(10'000);
  return times;
}

std::string outcome(const DatagramTimes& times) {
  const TimePoint at = deadline(times);
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch()).count();
  switch (end_by_time(times, at)) {
    case DatagramEnd::idle: return "idle " + std::to_string(ms);
    case DatagramEnd::superseded: return "superseded " + std::to_string(ms);
    case DatagramEnd::drained: return "drained " + std::to_string(ms);
    case DatagramEnd::stopped: return "stopped " + std::to_string(ms);
    case DatagramEnd::failed:
    case DatagramEnd::evicted: break;
  }
  return "?";
}

TEST(DatagramDeadlines, without_a_reload_or_a_stop_a_session_ends_by_silence) {
  DatagramTimes times = heard();
  EXPECT_EQ(outcome(times), "idle 70000");
  times.answered = times.has_spoken = true;
  EXPECT_EQ(outcome(times), "idle 70000");
}

TEST(DatagramDeadlines, T15_at_a_stop_an_answer_is_over_after_a_second_of_silence) {
  DatagramTimes times = heard();
  times.stop = DatagramStop{when(10'500), when(40'500)};
  times.answered = times.has_spoken = true;
  EXPECT_EQ(outcome(times), "drained 11000");
}

TEST(DatagramDeadlines, T15_at_a_stop_an_answer_that_is_owed_is_waited_for) {
  DatagramTimes times = heard();
  times.stop = DatagramStop{when(10'500), when(40'500)};
  times.has_spoken = true;
  EXPECT_EQ(outcome(times), "stopped 40500");
  times.limit = Duration(5'000);
  EXPECT_EQ(outcome(times), "idle 15000");
}

TEST(DatagramDeadlines, T15_at_a_stop_an_upstream_that_never_spoke_owes_nothing_after_a_second) {
  DatagramTimes times = heard();
  times.stop = DatagramStop{when(10'500), when(40'500)};
  EXPECT_EQ(outcome(times), "drained 11500");
  times.stop->by = when(11'000);
  EXPECT_EQ(outcome(times), "stopped 11000") << "the second was not over";
}

TEST(DatagramDeadlines, T15_a_session_that_parted_waits_for_an_answer_and_no_longer_than_its_limit) {
  DatagramTimes times = heard();
  times.parted = when(50'000);
  EXPECT_EQ(outcome(times), "superseded 110000") << "its client may have asked just before";
  times.answered = times.has_spoken = true;
  EXPECT_EQ(outcome(times), "superseded 11000");
  times.heard = when(109'900);
  EXPECT_EQ(outcome(times), "superseded 110000") << "an upstream that never pauses does not keep it";
  times.stop = DatagramStop{when(60'000), when(90'000)};
  EXPECT_EQ(outcome(times), "superseded 90000");
}

}  // namespace
}  // namespace lastbyte::relay
