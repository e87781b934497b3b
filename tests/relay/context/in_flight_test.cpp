// T12, T14: descriptors on their way are bounded, and shared out among users and their sessions.
#include "relay/context/in_flight.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <map>
#include <vector>

namespace lastbyte::relay {
namespace {

constexpr uid_t kHostile = 1000;
constexpr uid_t kInnocent = 1001;
const TimePoint kStart{};

/// What one session brings to be in flight at once, in messages of `size`.
std::uint64_t fill(InFlight& flight, uid_t uid, std::uint64_t size) {
  std::uint64_t own = 0;
  while (flight.try_add(uid, own, size, kStart)) own += size;
  return own;
}

TEST(InFlight, T12_sessions_of_one_user_leave_room_to_other_users_and_to_each_other) {
  InFlight flight;
  flight.set_bound(10'000);
  EXPECT_LE(fill(flight, kHostile, 100), 10'000U / 8);
  for (int session = 0; session < 4; ++session) fill(flight, kHostile, 100);
  EXPECT_TRUE(flight.try_add(kHostile, 0, 253, kStart)) << "an innocent session of the same user";
  for (int session = 0; session < 100; ++session) fill(flight, kHostile, 100);
  EXPECT_LE(flight.total(), 10'000U * 2 / 5);
  EXPECT_TRUE(flight.try_add(kInnocent, 0, 253, kStart));
}

TEST(InFlight, T12_each_further_user_finds_some_room) {
  InFlight flight;
  flight.set_bound(100'000);
  for (uid_t uid = 0; uid < 10; ++uid)
    for (int session = 0; session < 1000; ++session) fill(flight, uid, 1);
  EXPECT_TRUE(flight.try_add(kInnocent, 0, 253, kStart));
}

TEST(InFlight, what_was_received_makes_room) {
  InFlight flight;
  flight.set_bound(300);
  EXPECT_TRUE(flight.try_add(kHostile, 0, 100, kStart));
  EXPECT_FALSE(flight.try_add(kHostile, 100, 100, kStart));
  flight.remove(kHostile, 100);
  EXPECT_EQ(flight.total(), 0U);
  EXPECT_TRUE(flight.try_add(kHostile, 0, 100, kStart));
}

TEST(InFlight, the_first_of_all_passes_however_small_the_bound) {
  InFlight flight;
  flight.set_bound(10);
  EXPECT_TRUE(flight.try_add(kHostile, 0, 253, kStart));
  EXPECT_FALSE(flight.try_add(kInnocent, 0, 1, kStart));
}

TEST(InFlight, those_of_ended_sessions_are_counted_for_a_while) {
  InFlight flight;
  flight.set_bound(300);
  EXPECT_TRUE(flight.try_add(kHostile, 0, 150, kStart));
  flight.remove_later(kHostile, 150, kStart);
  EXPECT_FALSE(flight.try_add(kHostile, 0, 10, kStart + InFlight::kForgotten - Duration{1}));
  EXPECT_TRUE(flight.try_add(kHostile, 0, 10, kStart + InFlight::kForgotten));
  EXPECT_EQ(flight.total(), 10U);
}

TEST(InFlightProperties, there_are_never_more_than_the_bound) {
  EXPECT_TRUE(rc::check("total <= bound, and what was added can be removed", [] {
    InFlight flight;
    const auto bound = *rc::gen::inRange<std::uint64_t>(253, 5000);
    flight.set_bound(bound);
    std::map<std::pair<uid_t, int>, std::uint64_t> sessions;
    std::uint64_t sum = 0;
    const auto steps = *rc::gen::inRange(0, 200);
    for (int step = 0; step < steps; ++step) {
      const auto uid = *rc::gen::inRange<uid_t>(0, 4);
      auto& own = sessions[{uid, *rc::gen::inRange(0, 4)}];
      if (*rc::gen::inRange(0, 4) == 0) {
        flight.remove(uid, own);
        sum -= std::exchange(own, 0);
      } else if (const auto count = *rc::gen::inRange<std::uint64_t>(1, 254); flight.try_add(uid, own, count, kStart)) {
        own += count;
        sum += count;
      }
      RC_ASSERT(flight.total() == sum);
      RC_ASSERT(sum <= bound);
    }
  }));
}

}  // namespace
}  // namespace lastbyte::relay
