// What an operator sees of a session's story.
#include "relay/terms/trail.h"

#include <gtest/gtest.h>

#include <string>

#include "relay/terms/phase.h"
#include "termination/transition.h"

namespace lastbyte::relay {
namespace {

using std::chrono::microseconds;
using termination::Event;
using termination::Which;

/// A session that goes from event to event, one a millisecond.
struct Story {
  void happens(Event event, Which which) {
    const termination::Session before = state;
    const auto step = termination::step(before, event, which);
    ASSERT_TRUE(step);
    state = step->session;
    trail.add(microseconds(1000 * ++count), before, *step);
  }
  [[nodiscard]] std::string text() const {
    std::string out;
    for (std::size_t index = 0; index < trail.size(); ++index)
      out +=
          (out.empty() ? "" : ", ") + std::string(name(trail[index].side)) + " " + std::string(name(trail[index].what));
    return out;
  }
  termination::Session state = termination::new_session();
  Trail trail;
  int count = 0;
};

TEST(Trail, a_complete_session_is_told_from_connect_to_close) {
  Story story;
  story.happens(Event::connected, Which::upstream);
  story.happens(Event::fin, Which::client);
  EXPECT_EQ(flow_state(story.state, Which::client), FlowState::ended);
  EXPECT_EQ(flow_state(story.state, Which::upstream), FlowState::open);
  EXPECT_EQ(phase_of(story.state), Phase::half_closed);
  story.happens(Event::fin, Which::upstream);
  story.happens(Event::acked, Which::client);
  story.happens(Event::acked, Which::upstream);
  EXPECT_EQ(
      story.text(),
      "upstream connected, client fin_received, upstream fin_sent, upstream fin_received, client fin_sent, client "
      "closed, upstream closed");
  EXPECT_EQ(story.trail[0].at, microseconds(1000));
  EXPECT_EQ(story.trail[6].at, microseconds(5000));
}

TEST(Trail, a_reset_that_is_passed_on_is_told) {
  Story story;
  EXPECT_EQ(flow_state(story.state, Which::client), FlowState::waiting);
  story.happens(Event::connected, Which::upstream);
  story.happens(Event::reset, Which::upstream);
  EXPECT_EQ(phase_of(story.state), Phase::flushing);
  EXPECT_EQ(flow_state(story.state, Which::client), FlowState::discarding);
  story.happens(Event::acked, Which::client);
  EXPECT_NE(story.text().find("upstream reset_received"), std::string::npos) << story.text();
  EXPECT_NE(story.text().find("client reset_sent"), std::string::npos) << story.text();
}

TEST(Trail, a_limit_and_a_failed_attempt_are_told) {
  Story limit;
  limit.happens(Event::connected, Which::upstream);
  limit.happens(Event::deadline, Which::client);
  EXPECT_NE(limit.text().find(" limit"), std::string::npos) << limit.text();
  Story failed;
  failed.happens(Event::connect_failed, Which::upstream);
  EXPECT_NE(failed.text().find("upstream connect_failed"), std::string::npos) << failed.text();
}

TEST(Trail, a_stop_changes_no_phase) {
  Story story;
  story.happens(Event::connected, Which::upstream);
  story.happens(Event::stop, Which::client);
  EXPECT_EQ(phase_of(story.state), Phase::open);
}

TEST(Trail, it_keeps_the_first_events_and_the_last_one) {
  Trail trail;
  for (int each = 0; each < 40; ++each) trail.add(microseconds(each), Which::client, Happened::connecting);
  EXPECT_EQ(trail.size(), Trail::kMost);
  EXPECT_EQ(trail[0].at, microseconds(0));
  EXPECT_EQ(trail[Trail::kMost - 2].at, microseconds(Trail::kMost - 2));
  EXPECT_EQ(trail[Trail::kMost - 1].at, microseconds(39));
  trail.add(std::chrono::hours(24 * 365), Which::upstream, Happened::closed);
  EXPECT_EQ(trail[Trail::kMost - 1].side, Which::upstream);
  EXPECT_EQ(trail[Trail::kMost - 1].what, Happened::closed);
}

TEST(Trail, its_times_are_exact_below_4_seconds_and_to_one_part_in_two_million_beyond) {
  const std::int64_t year = microseconds(std::chrono::hours(24 * 365)).count();
  for (const std::int64_t at : {std::int64_t{0}, std::int64_t{1}, std::int64_t{999'983}, std::int64_t{4'194'303},
                                std::int64_t{4'194'304}, std::int64_t{86'399'999'983}, year, 250 * year}) {
    Trail trail;
    trail.add(microseconds(at), Which::upstream, Happened::closed);
    const std::int64_t kept = trail[0].at.count();
    EXPECT_LE(kept, at);
    EXPECT_LE(at - kept, at < 4'194'304 ? 0 : at / 2'000'000) << at;
  }
  Trail trail;
  trail.add(microseconds::max(), Which::client, Happened::limit);
  trail.add(microseconds(-1), Which::client, Happened::limit);
  EXPECT_GT(trail[0].at.count(), 250 * year);
  EXPECT_EQ(trail[1].at.count(), 0);
}

}  // namespace
}  // namespace lastbyte::relay
