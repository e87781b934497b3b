// The tries of one session to reach a member of its group.
#include "upstream/tries.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>

#include "upstream/address_order.h"

namespace lastbyte::upstream {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const TimePoint kTriesStart = TimePoint{} + std::chrono::hours(1);

/// Members with so many addresses each, chosen in order. A transcript of what the tries do, in milliseconds.
struct Play {
  explicit Play(std::vector<std::uint32_t> addresses_, const Retry* retry = nullptr, Queue queue = {},
                Duration limit = seconds(10))
      : addresses(std::move(addresses_)),
        tries({.limit = limit, .retry = retry, .queue = queue}, kTriesStart),
        full(addresses.size()) {}

  Move ask() {
    return tries.next(
        now, random(),
        [&](std::span<const std::uint32_t> tried) {
          bool any_full = false;
          for (std::uint32_t member = 0; member < addresses.size(); ++member) {
            if (std::ranges::find(tried, member) != tried.end()) continue;
            if (!full[member]) {
              const auto left = static_cast<std::uint32_t>(addresses.size() - tried.size() - 1);
              return Choice{.what = Choice::What::member, .member = member, .left = left};
            }
            any_full = true;
          }
          return Choice{.what = any_full ? Choice::What::full : Choice::What::none_left};
        },
        [&](std::uint32_t member) {
          std::vector<std::uint32_t> order(addresses[member]);
          for (std::uint32_t index = 0; index < order.size(); ++index) order[index] = index;
          return order;
        });
  }
  /// Asks until there is nothing to begin now, and begins what there is.
  std::string go() {
    std::string said;
    for (;;) {
      const Move move = ask();
      switch (move.what) {
        case Move::What::connect:
          said += std::string(1, static_cast<char>('a' + move.member)) + std::to_string(move.address) + " ";
          tries.begun(now, move.address);
          continue;
        case Move::What::wait: return said + "wait";
        case Move::What::queue: return said + "queue";
        case Move::What::give_up: return said + (move.full ? "give up: full" : "give up");
      }
    }
  }
  std::string after(Duration time) {
    now += time;
    return go();
  }
  std::string fail(std::uint32_t address) {
    tries.failed(now, address);
    return go();
  }

  std::vector<std::uint32_t> addresses;
  Tries tries;
  std::vector<bool> full;
  TimePoint now = kTriesStart;
  std::mt19937_64 random{1};
};

TEST(Tries, T3_without_retries_each_address_is_tried_once) {
  Play play({1, 2});
  EXPECT_EQ(play.go(), "a0 wait");
  EXPECT_EQ(play.fail(0), "b0 wait");
  EXPECT_EQ(play.fail(0), "b1 wait");
  EXPECT_EQ(play.fail(1), "give up");
  EXPECT_EQ(play.tries.made(), 3U);
}

TEST(Tries, a_silent_address_gets_a_rival_after_250_ms) {
  Play play({3});
  EXPECT_EQ(play.go(), "a0 wait");
  EXPECT_EQ(play.tries.wakes_at(), kTriesStart + kAttemptDelay);
  EXPECT_EQ(play.after(milliseconds(249)), "wait");
  EXPECT_EQ(play.after(milliseconds(1)), "a1 wait");
  EXPECT_EQ(play.tries.under_way(), 2U);
  EXPECT_EQ(play.fail(0), "a2 wait") << "a failure ends the delay (RFC 8305, section 5)";
  play.tries.connected();
  EXPECT_EQ(play.go(), "wait");
  EXPECT_EQ(play.tries.wakes_at(), TimePoint::max());
}

TEST(Tries, T3_without_retries_a_silent_address_has_an_equal_share_of_the_time) {
  Play play({1, 1});
  play.go();
  EXPECT_EQ(play.tries.wakes_at(), kTriesStart + seconds(5));
  play.now += seconds(5);
  EXPECT_EQ(play.tries.overdue(play.now), std::vector<std::uint32_t>{0});
  EXPECT_EQ(play.fail(0), "b0 wait");
  EXPECT_EQ(play.tries.wakes_at(), kTriesStart + seconds(10));
}

TEST(Tries, with_retries_another_member_comes_first_and_then_a_pause) {
  const Retry retry{};
  Play play({1, 1}, &retry);
  EXPECT_EQ(play.go(), "a0 wait");
  EXPECT_EQ(play.tries.wakes_at(), kTriesStart + retry.per_try_timeout);
  EXPECT_EQ(play.fail(0), "b0 wait");
  EXPECT_EQ(play.fail(0), "wait");
  EXPECT_TRUE(play.tries.pauses());
  EXPECT_EQ(play.tries.member(), std::nullopt) << "its place is free";
  EXPECT_LE(play.tries.wakes_at(), kTriesStart + milliseconds(1));
  EXPECT_EQ(play.after(milliseconds(1)), "a0 wait");
}

TEST(Tries, the_last_pass_has_time_for_a_try) {
  const Retry retry{};
  Play play({1}, &retry);
  TimePoint last_try{};
  std::string said = play.go();
  while (said != "give up") {
    if (said == "a0 wait") {
      last_try = play.now;
      said = play.fail(0);
    } else {
      said = play.after(std::max(std::chrono::duration_cast<Duration>(play.tries.wakes_at() - play.now), Duration(1)));
    }
  }
  EXPECT_EQ(last_try, kTriesStart + seconds(10) - retry.per_try_timeout);
}

TEST(Tries, T14_a_full_backlog_is_tried_again_without_retries) {
  Play play({1});
  Duration before{0};
  for (int time = 0; time < 12; ++time) {
    const Move move = play.ask();
    ASSERT_EQ(move.what, Move::What::connect);
    play.tries.failed(play.now, 0, true);
    ASSERT_EQ(play.ask().what, Move::What::wait);
    const auto pause = std::chrono::duration_cast<Duration>(play.tries.wakes_at() - play.now);
    EXPECT_EQ(pause, before == Duration{0} ? Duration(1) : std::min(before * 2, Duration(250)));
    before = pause;
    play.now = play.tries.wakes_at();
  }
}

TEST(Tries, T8_a_session_waits_for_a_member_with_room) {
  Play play({1, 1}, nullptr, {.length = 5, .time = seconds(3)});
  play.full = {true, true};
  EXPECT_EQ(play.go(), "queue");
  EXPECT_TRUE(play.tries.queues());
  EXPECT_EQ(play.tries.ends(), kTriesStart + seconds(3));
  EXPECT_EQ(play.after(seconds(1)), "queue");
  play.tries.room();
  EXPECT_EQ(play.go(), "queue") << "another session was faster";
  EXPECT_EQ(play.tries.ends(), kTriesStart + seconds(3)) << "the time in the queue goes on";
  play.now += seconds(1);
  play.full = {true, false};
  EXPECT_EQ(play.go(), "queue") << "nobody told of room";
  play.tries.room();
  EXPECT_EQ(play.go(), "b0 wait");
  EXPECT_EQ(play.tries.ends(), play.now + seconds(10)) << "limits.connect does not count the time in the queue";
}

TEST(Tries, without_a_queue_full_members_are_a_failure) {
  Play play({1});
  play.full = {true};
  EXPECT_EQ(play.go(), "give up: full");
}

TEST(Tries, a_reset_goes_to_another_member_first) {
  Retry retry{};
  retry.on_reset = true;
  Play play({1, 1}, &retry);
  play.go();
  play.tries.connected();
  play.now += seconds(60);
  play.tries.reset(play.now);
  EXPECT_EQ(play.go(), "b0 wait");
  EXPECT_EQ(play.tries.resets(), 1U);
  EXPECT_EQ(play.tries.ends(), play.now + seconds(10));
}

TEST(Tries, after_a_reset_the_only_member_is_tried_again_even_where_connect_failures_are_not_retried) {
  Retry retry{};
  retry.on_connect_failure = false;
  retry.on_reset = true;
  Play play({1}, &retry);
  play.go();
  play.tries.connected();
  play.tries.reset(play.now);
  EXPECT_EQ(play.go(), "wait");
  EXPECT_EQ(play.after(milliseconds(1)), "a0 wait");
  EXPECT_EQ(play.fail(0), "give up");
}

TEST(Tries, follow_a_member_into_another_snapshot) {
  const Retry retry{};
  Play play({1, 1}, &retry);
  play.go();
  play.fail(0);
  play.fail(0);
  ASSERT_TRUE(play.tries.pauses());
  play.tries.moved([](std::uint32_t) { return std::nullopt; });
  EXPECT_EQ(play.after(milliseconds(1)), "a0 wait");
}

RC_GTEST_PROP(Tries, T8_end_within_their_time_and_try_nothing_twice_in_a_pass, ()) {
  Retry retry;
  retry.per_try_timeout = Duration(*rc::gen::inRange(1, 1000));
  retry.backoff = Duration(*rc::gen::inRange(1, 200));
  retry.longest_backoff = Duration(*rc::gen::inRange(1, 3000));
  const bool retries = *rc::gen::arbitrary<bool>();
  const auto addresses = *rc::gen::nonEmpty(rc::gen::container<std::vector<std::uint32_t>>(rc::gen::inRange(1U, 4U)));
  const Duration limit(*rc::gen::inRange(1, 5000));
  Play play(addresses, retries ? &retry : nullptr, {}, limit);
  std::map<std::pair<std::uint32_t, std::uint32_t>, int> begun;
  std::vector<std::uint32_t> under_way;
  TimePoint latest_begin{};
  bool failed_since = true;
  for (int steps = 0;; ++steps) {
    RC_ASSERT(steps < 100'000);
    const Move move = play.ask();
    if (move.what == Move::What::give_up) break;
    if (move.what == Move::What::connect) {
      RC_ASSERT(play.now <= kTriesStart + limit);
      RC_ASSERT(failed_since || under_way.empty() || play.now >= latest_begin + kAttemptDelay);
      const int times = ++begun[{move.member, move.address}];
      RC_ASSERT(times == 1);
      play.tries.begun(play.now, move.address);
      under_way.push_back(move.address);
      latest_begin = play.now;
      failed_since = false;
      continue;
    }
    if (play.tries.pauses()) begun.clear();
    const TimePoint wakes = play.tries.wakes_at();
    RC_ASSERT(wakes != TimePoint::max());
    const bool fails_early = !under_way.empty() && *rc::gen::inRange(0, 3) == 0;
    std::vector<std::uint32_t> over;
    if (fails_early) {
      over.push_back(under_way[*rc::gen::inRange<std::size_t>(0, under_way.size())]);
    } else {
      play.now = std::max(wakes, play.now + Duration(1));
      over = play.tries.overdue(play.now);
    }
    for (const std::uint32_t each : over) {
      play.tries.failed(play.now, each);
      std::erase(under_way, each);
      failed_since = true;
    }
    RC_ASSERT(play.now <= kTriesStart + limit + Duration(2));
  }
  RC_ASSERT(play.tries.under_way() == 0U);
  RC_ASSERT(play.tries.member() == std::nullopt);
  if (!retries && play.now <= kTriesStart + limit) {
    std::uint32_t sum = 0;
    for (const std::uint32_t each : addresses) sum += each;
    RC_ASSERT(play.tries.made() == sum);
  }
}

RC_GTEST_PROP(Pause, has_full_jitter_below_a_time_that_doubles, ()) {
  const Duration base(*rc::gen::inRange(0, 1000));
  const Duration longest(*rc::gen::inRange(1, 100'000));
  const auto number = *rc::gen::inRange(1U, 100U);
  Duration least = Duration::max();
  Duration most{0};
  for (std::uint64_t random = 0; random < 200; ++random) {
    const Duration pause = pause_before(number, base, longest, random);
    least = std::min(least, pause);
    most = std::max(most, pause);
  }
  const double bound = std::min<double>(static_cast<double>(longest.count()),
                                        static_cast<double>(base.count()) * std::pow(2.0, number - 1));
  RC_ASSERT(static_cast<double>(most.count()) <= bound);
  RC_ASSERT(static_cast<double>(most.count()) >= bound * 0.9 - 1);
  RC_ASSERT(static_cast<double>(least.count()) <= bound * 0.1 + 1);
}

TEST(Budget, bounds_retries_by_the_open_sessions) {
  EXPECT_TRUE(within_budget(1, 0, 20)) << "a lone session may try again";
  EXPECT_TRUE(within_budget(1, 2, 20));
  EXPECT_FALSE(within_budget(1, 3, 20));
  EXPECT_TRUE(within_budget(100, 19, 20));
  EXPECT_FALSE(within_budget(100, 20, 20));
  EXPECT_FALSE(within_budget(UINT32_MAX, UINT32_MAX, 100));
}

}  // namespace
}  // namespace lastbyte::upstream
