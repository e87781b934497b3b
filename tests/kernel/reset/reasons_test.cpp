#include "kernel/reset/reasons.h"

#include <gtest/gtest.h>

#include <set>

namespace lastbyte::kernel {
namespace {

TEST(ResetReasons, are_each_described_whole_and_once) {
  std::set<std::string_view> names;
  for (const ResetReason& reason : reset_reasons()) {
    EXPECT_TRUE(names.insert(reason.name).second) << reason.name;
    EXPECT_EQ(find_reset_reason(reason.name), &reason);
    for (const std::string_view text : {reason.meaning, reason.cause, reason.advice}) {
      EXPECT_FALSE(text.empty()) << reason.name;
      EXPECT_TRUE(text.ends_with('.')) << reason.name << ": " << text;
    }
    EXPECT_FALSE(reason.reproduction.empty()) << reason.name;
  }
  EXPECT_EQ(find_reset_reason("NO_SUCH_REASON"), nullptr);
}

TEST(ResetReasons, of_this_kernel_are_all_in_the_table) {
  const auto kernel = running_kernel_reasons();
  if (!kernel) GTEST_SKIP() << kernel.error().text();
  EXPECT_EQ(kernel->at(0), "NOT_SPECIFIED");
  const ReasonDrift drift = compare_reasons(*kernel);
  EXPECT_TRUE(drift.undescribed.empty()) << "the first reason that docs/resets.md lacks: " << drift.undescribed.front();
}

TEST(ResetReasons, tell_drift_in_both_directions) {
  KernelReasons kernel;
  std::uint32_t number = 0;
  for (const ResetReason& reason : reset_reasons()) kernel[number++] = reason.name;
  EXPECT_TRUE(compare_reasons(kernel).none());
  kernel.erase(3);
  kernel[99] = "TCP_OF_TOMORROW";
  const ReasonDrift drift = compare_reasons(kernel);
  EXPECT_EQ(drift.undescribed, std::vector<std::string>{"TCP_OF_TOMORROW"});
  EXPECT_EQ(drift.not_in_kernel, std::vector<std::string>{"TCP_RFC7323_PAWS"});
}

}  // namespace
}  // namespace lastbyte::kernel
