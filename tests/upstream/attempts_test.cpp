#include "upstream/attempts.h"

#include <gtest/gtest.h>

#include <map>

namespace lastbyte::upstream {
namespace {

TEST(Attempts, each_address_is_tried_once_in_order) {
  Attempts attempts{.made = 0, .addresses = 3};
  for (std::uint32_t expected = 0; expected < 3; ++expected) {
    EXPECT_EQ(attempts.next(), expected);
    ++attempts.made;
  }
  EXPECT_EQ(attempts.next(), std::nullopt);
}

TEST(Attempts, an_address_that_swallows_syns_leaves_time_for_those_behind_it) {
  EXPECT_EQ(time_for_try({.made = 0, .addresses = 2}, Duration{10'000}), Duration{5'000});
  EXPECT_EQ(time_for_try({.made = 1, .addresses = 2}, Duration{5'000}), Duration{5'000});
  EXPECT_EQ(time_for_try({.made = 0, .addresses = 1}, Duration{10'000}), Duration{10'000});
}

TEST(Attempts, no_time_left_is_no_negative_time) {
  EXPECT_EQ(time_for_try({.made = 0, .addresses = 4}, Duration{-50}), Duration{0});
  EXPECT_EQ(time_for_try({.made = 4, .addresses = 4}, Duration{100}), Duration{100});
}

TEST(Attempts, T13_source_addresses_are_taken_in_turn) {
  std::map<std::uint32_t, int> taken;
  for (std::uint64_t session = 0; session < 30; ++session) ++taken[source_for(session, 3)];
  EXPECT_EQ(taken, (std::map<std::uint32_t, int>{{0, 10}, {1, 10}, {2, 10}}));
}

}  // namespace
}  // namespace lastbyte::upstream
