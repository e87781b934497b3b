// The tries to reach an upstream.
#include "relay/reach/reach.h"

#include <gtest/gtest.h>

#include <vector>

namespace lastbyte::relay {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const TimePoint kNow = TimePoint{} + seconds(100);

std::vector<net::Address> addresses(std::size_t count) {
  std::vector<net::Address> out;
  for (std::size_t port = 1; port <= count; ++port)
    out.push_back(*net::Address::parse("127.0.0.1", static_cast<std::uint16_t>(port)));
  return out;
}

TEST(Reach, T3_tries_each_address_once_and_keeps_the_choice) {
  const auto all = addresses(2);
  Reach reach;
  EXPECT_EQ(reach.choice(), nullptr);
  reach.begin(kNow, seconds(10), all);
  EXPECT_EQ(reach.next(kNow), &all[0]);
  EXPECT_EQ(reach.retries(), 0U);
  EXPECT_EQ(reach.next(kNow), &all[1]);
  EXPECT_EQ(reach.retries(), 1U);
  EXPECT_EQ(reach.next(kNow), nullptr);
  EXPECT_EQ(reach.choice(), &all[1]);
}

TEST(Reach, T3_an_address_that_swallows_syns_leaves_time_for_the_next) {
  const auto all = addresses(2);
  Reach reach;
  reach.begin(kNow, seconds(10), all);
  reach.next(kNow);
  EXPECT_EQ(reach.try_ends(), kNow + seconds(5));
  reach.next(kNow + seconds(5));
  EXPECT_EQ(reach.try_ends(), kNow + seconds(10));
  EXPECT_EQ(reach.ends(), kNow + seconds(10));
}

TEST(Reach, T14_a_full_backlog_is_tried_again_ever_less_often) {
  const auto all = addresses(1);
  Reach reach;
  reach.begin(kNow, seconds(10), all);
  Duration before{0};
  for (int count = 0; count < 12; ++count) {
    ASSERT_EQ(reach.next(kNow), &all[0]);
    reach.pause(kNow);
    ASSERT_TRUE(reach.pauses());
    const auto pause = std::chrono::duration_cast<Duration>(reach.try_ends() - kNow);
    EXPECT_EQ(pause, before == Duration{0} ? milliseconds(1) : std::min(before * 2, Duration{250}));
    before = pause;
    reach.try_again();
  }
  EXPECT_EQ(reach.retries(), 0U) << "the same address is no other try";
}

TEST(Reach, without_an_address_there_is_nothing_to_try) {
  const std::vector<net::Address> none;
  Reach reach;
  reach.begin(kNow, seconds(10), none);
  EXPECT_EQ(reach.next(kNow), nullptr);
  EXPECT_EQ(reach.retries(), 0U);
}

}  // namespace
}  // namespace lastbyte::relay
