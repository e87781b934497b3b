// When a member counts as healthy, and for how long it is ejected.
#include "upstream/health.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace lastbyte::upstream {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using Verdict = CheckedHealth::Verdict;
using What = Observation::What;

const TimePoint kHealthStart = TimePoint{} + std::chrono::hours(1);

Check thresholds(std::uint32_t success, std::uint32_t failure) {
  Check check;
  check.success_threshold = success;
  check.failure_threshold = failure;
  return check;
}

TEST(CheckedHealth, the_verdict_changes_at_the_threshold_and_not_before) {
  CheckedHealth health;
  const Check check = thresholds(2, 3);
  EXPECT_FALSE(health.take(true, check));
  EXPECT_EQ(health.verdict(), Verdict::unknown);
  EXPECT_TRUE(health.take(true, check));
  EXPECT_EQ(health.verdict(), Verdict::healthy);
  EXPECT_FALSE(health.take(false, check));
  EXPECT_FALSE(health.take(false, check));
  EXPECT_EQ(health.verdict(), Verdict::healthy);
  EXPECT_TRUE(health.take(false, check));
  EXPECT_EQ(health.verdict(), Verdict::unhealthy);
  EXPECT_FALSE(health.take(false, check)) << "it is known";
}

TEST(CheckedHealth, one_success_between_failures_begins_the_count_anew) {
  CheckedHealth health;
  const Check check = thresholds(1, 3);
  health.take(true, check);
  for (int round = 0; round < 5; ++round) {
    EXPECT_FALSE(health.take(false, check));
    EXPECT_FALSE(health.take(false, check));
    EXPECT_FALSE(health.take(true, check));
  }
  EXPECT_EQ(health.verdict(), Verdict::healthy);
}

RC_GTEST_PROP(CheckedHealth, changes_only_after_a_whole_run_of_one_outcome, ()) {
  const Check check = thresholds(*rc::gen::inRange(1U, 5U), *rc::gen::inRange(1U, 5U));
  const auto outcomes = *rc::gen::container<std::vector<bool>>(rc::gen::arbitrary<bool>());
  CheckedHealth health;
  std::uint32_t run = 0;
  bool last = false;
  for (const bool outcome : outcomes) {
    run = outcome == last ? run + 1 : 1;
    last = outcome;
    const Verdict before = health.verdict();
    const bool changed = health.take(outcome, check);
    const Verdict wanted = outcome ? Verdict::healthy : Verdict::unhealthy;
    const bool reached = run >= (outcome ? check.success_threshold : check.failure_threshold);
    RC_ASSERT(health.verdict() == (reached ? wanted : before));
    RC_ASSERT(changed == (health.verdict() != before));
  }
}

TEST(ObservedHealth, bad_endings_in_a_row_eject) {
  const Ejection rules{.after = 3};
  ObservedHealth health;
  EXPECT_FALSE(health.take(What::connect_failure, rules, kHealthStart));
  EXPECT_FALSE(health.take(What::early_reset, rules, kHealthStart));
  EXPECT_TRUE(health.take(What::connect_failure, rules, kHealthStart));
  EXPECT_TRUE(health.take(What::connect_failure, rules, kHealthStart)) << "the group did not allow it the first time";
  health.eject(rules, kHealthStart);
  EXPECT_EQ(health.ejected_until(), kHealthStart + rules.time);
  EXPECT_FALSE(health.take(What::connect_failure, rules, kHealthStart)) << "sessions of before";
}

TEST(ObservedHealth, a_good_ending_begins_the_count_anew) {
  const Ejection rules{.after = 2};
  ObservedHealth health;
  for (int round = 0; round < 10; ++round) {
    EXPECT_FALSE(health.take(What::connect_failure, rules, kHealthStart));
    EXPECT_FALSE(health.take(What::success, rules, kHealthStart));
  }
}

TEST(ObservedHealth, an_ending_that_the_rules_do_not_name_says_nothing) {
  const Ejection rules{.after = 2, .on_timeout = false};
  ObservedHealth health;
  EXPECT_FALSE(health.take(What::connect_failure, rules, kHealthStart));
  for (int round = 0; round < 10; ++round) EXPECT_FALSE(health.take(What::timeout, rules, kHealthStart));
  EXPECT_TRUE(health.take(What::connect_failure, rules, kHealthStart));
}

TEST(ObservedHealth, each_ejection_lasts_longer_and_good_times_are_remembered) {
  const Ejection rules{.time = seconds(30), .longest = minutes(5)};
  ObservedHealth health;
  TimePoint now = kHealthStart;
  for (int number = 1; number <= 3; ++number) {
    health.eject(rules, now);
    EXPECT_EQ(*health.ejected_until() - now, seconds(30) * number);
    EXPECT_FALSE(health.returns(*health.ejected_until() - Duration(1)));
    now = *health.ejected_until();
    EXPECT_TRUE(health.returns(now));
    EXPECT_FALSE(health.returns(now)) << "it has returned";
  }
  health.eject(rules, now + seconds(61));
  EXPECT_EQ(health.ejections(), 2U) << "two of three were forgiven";
}

RC_GTEST_PROP(Ejection, times_grow_up_to_the_longest, ()) {
  Ejection rules;
  rules.time = seconds(*rc::gen::inRange(1, 1000));
  rules.longest = seconds(*rc::gen::inRange(1, 10'000));
  Duration before{0};
  for (std::uint32_t number = 1; number < 20; ++number) {
    const Duration time = ejection_time(rules, number);
    RC_ASSERT(time >= before);
    RC_ASSERT(time <= rules.longest);
    RC_ASSERT(time == std::min<Duration>(rules.time * number, rules.longest));
    before = time;
  }
  RC_ASSERT(ejection_time(rules, UINT32_MAX) == rules.longest);
}

RC_GTEST_PROP(Ejection, never_more_than_the_share_and_at_least_one, ()) {
  Ejection rules;
  rules.most_percent = *rc::gen::inRange(0U, 101U);
  const std::size_t members = *rc::gen::inRange<std::size_t>(1, 50);
  std::size_t ejected = 0;
  while (ejected < members && may_eject(rules, members, ejected)) ++ejected;
  if (rules.most_percent == 0) {
    RC_ASSERT(ejected == 0U);
  } else {
    RC_ASSERT(ejected == std::max<std::size_t>(members * rules.most_percent / 100, 1));
  }
}

TEST(State, the_operators_word_comes_first_then_draining_then_the_checks) {
  Standing standing{.checked = Verdict::healthy, .ejected = true, .draining = true, .disabled = true};
  EXPECT_EQ(state_of(standing), State::disabled);
  standing.disabled = false;
  EXPECT_EQ(state_of(standing), State::draining);
  standing.draining = false;
  EXPECT_EQ(state_of(standing), State::ejected);
  standing.checked = Verdict::unhealthy;
  EXPECT_EQ(state_of(standing), State::down);
  standing.checked = Verdict::unknown;
  EXPECT_EQ(state_of(standing), State::starting);
  standing = {};
  EXPECT_EQ(state_of(standing), State::up) << "not checked";
}

}  // namespace
}  // namespace lastbyte::upstream
