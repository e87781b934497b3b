#include "observe/log/sleeper.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace lastbyte::observe {
namespace {

TEST(Sleeper, waking_costs_a_system_call_only_when_the_sleeper_has_announced_its_sleep) {
  auto sleeper = Sleeper::create();
  ASSERT_TRUE(sleeper);
  for (int burst = 0; burst < 1000; ++burst) EXPECT_FALSE(sleeper->wake());
  sleeper->announce_sleep();
  EXPECT_TRUE(sleeper->wake());
  for (int burst = 0; burst < 1000; ++burst) EXPECT_FALSE(sleeper->wake());
}

TEST(Sleeper, a_wake_between_announcement_and_sleep_is_not_lost) {
  auto sleeper = Sleeper::create();
  ASSERT_TRUE(sleeper);
  sleeper->announce_sleep();
  sleeper->wake();
  sleeper->sleep();  // returns at once, or this test hangs
  EXPECT_FALSE(sleeper->wake()) << "the announcement was withdrawn";
}

TEST(Sleeper, an_announcement_that_is_withdrawn_costs_wakers_nothing) {
  auto sleeper = Sleeper::create();
  ASSERT_TRUE(sleeper);
  sleeper->announce_sleep();
  sleeper->withdraw();
  EXPECT_FALSE(sleeper->wake());
}

TEST(Sleeper, an_interruption_ends_a_nap) {
  auto sleeper = Sleeper::create();
  ASSERT_TRUE(sleeper);
  sleeper->interrupt();
  sleeper->nap(std::chrono::hours(1));  // returns at once, or this test hangs
}

// Both sides race, and every piece of work must be seen: a lost wake-up hangs this test.
TEST(Sleeper, work_and_sleep_racing_lose_no_wake_up) {
  auto sleeper = Sleeper::create();
  ASSERT_TRUE(sleeper);
  constexpr int kPieces = 20000;
  std::atomic<int> provided{0};
  std::atomic<int> seen{0};
  std::thread worker([&] {
    for (int piece = 1; piece <= kPieces; ++piece) {
      provided.store(piece, std::memory_order_relaxed);
      sleeper->wake();
      while (seen.load() < piece) std::this_thread::yield();
    }
  });
  while (seen.load() < kPieces) {
    sleeper->announce_sleep();
    if (provided.load(std::memory_order_relaxed) == seen.load()) {
      sleeper->sleep();
    } else {
      sleeper->withdraw();
      seen.store(provided.load(std::memory_order_relaxed));
    }
  }
  worker.join();
  EXPECT_EQ(seen.load(), kPieces);
}

}  // namespace
}  // namespace lastbyte::observe
