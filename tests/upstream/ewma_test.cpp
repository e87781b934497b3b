// What a session with a member costs.
#include "upstream/ewma.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace lastbyte::upstream {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;

const TimePoint kEwmaStart = TimePoint{} + std::chrono::hours(1);

TEST(Ewma, a_peak_counts_at_once_and_is_forgotten_slowly) {
  Ewma average;
  average.take(microseconds(100), kEwmaStart);
  EXPECT_DOUBLE_EQ(average.cost_us, 100);
  average.take(microseconds(5000), kEwmaStart);
  EXPECT_DOUBLE_EQ(average.cost_us, 5000);
  average.take(microseconds(100), kEwmaStart + kEwmaTime);
  EXPECT_NEAR(average.cost_us, 100 + 4900 * 0.3679, 1);
}

TEST(Ewma, without_samples_the_cost_sinks) {
  Ewma average;
  average.take(kBadEnding, kEwmaStart);
  EXPECT_NEAR(average.sunk(kEwmaStart + kEwmaTime), 5'000'000 * 0.3679, 1000);
  EXPECT_LT(average.sunk(kEwmaStart + 20 * kEwmaTime), 1);
}

RC_GTEST_PROP(Ewma, stays_between_the_least_and_the_greatest_sample, ()) {
  Ewma average;
  TimePoint now = kEwmaStart;
  double least = 1e18;
  double greatest = 0;
  for (const int sample : *rc::gen::nonEmpty(rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 10'000'000)))) {
    now += Duration(*rc::gen::inRange(0, 60'000));
    least = std::min<double>(least, sample);
    greatest = std::max<double>(greatest, sample);
    average.take(microseconds(sample), now);
    RC_ASSERT(average.cost_us >= least - 1e-6);
    RC_ASSERT(average.cost_us <= greatest + 1e-6);
    RC_ASSERT(average.cost_us >= sample - 1e-6);
    RC_ASSERT(average.sunk(now) == average.cost_us);
  }
}

TEST(Ewma, figures_keep_it) {
  Figures figures;
  EXPECT_EQ(cost_us(figures, kEwmaStart), 0) << "a new member is tried";
  take_sample(figures, microseconds(700), kEwmaStart);
  EXPECT_NEAR(cost_us(figures, kEwmaStart), 700, 1);
  take_sample(figures, microseconds(1), kEwmaStart - seconds(1));
  EXPECT_NEAR(cost_us(figures, kEwmaStart), 700, 1) << "another worker's clock was read before";
}

}  // namespace
}  // namespace lastbyte::upstream
