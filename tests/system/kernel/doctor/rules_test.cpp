// Each rule of the doctor fires in a namespace that the test makes sick, and not in a healthy one.
#include "doctor/rules/rules.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>

#include "kernel/bpf/sockets.h"
#include "tests/system/kernel/doctor/sickness.h"

namespace lastbyte::system_test {
namespace {

class DoctorRule : public ::testing::TestWithParam<Sickness> {
 protected:
  void SetUp() override {
    if (!patient_.exists()) GTEST_SKIP() << "no network namespace of its own here";
  }
  Patient patient_;
};

bool is_of_a_process(const std::string& id) {
  const auto rules = doctor::process_rules();
  return std::ranges::find(rules, id, &doctor::Rule::id) != rules.end();
}

TEST_P(DoctorRule, fires_on_its_sickness_and_is_silent_once_that_is_mended) {
  const Sickness& sickness = GetParam();
  const auto can = kernel::list_sockets(static_cast<std::uint32_t>(::getpid()));
  if (!can && is_of_a_process(sickness.id)) GTEST_SKIP() << can.error().text();
  EXPECT_EQ(patient_.ids(patient_.examine()), Ids{}) << "before";

  patient_.inside([&] { sickness.sicken(patient_); });
  if (!patient_.missing().empty()) GTEST_SKIP() << patient_.missing();
  nlohmann::json report;
  EXPECT_TRUE(net::test::eventually([&] {
    report = patient_.examine();
    return patient_.ids(report).contains(sickness.id);
  })) << report.dump(2);
  Ids others = patient_.ids(report);
  others.erase(sickness.id);
  EXPECT_TRUE(std::ranges::includes(sickness.also, others)) << report.dump(2);

  if (sickness.mending != Mending::by_the_command) return;
  ASSERT_TRUE(patient_.mend(report, sickness.id)) << report.dump(2);
  const auto mended = patient_.examine();
  EXPECT_FALSE(patient_.ids(mended).contains(sickness.id)) << mended.dump(2);
}

std::string name_of(const ::testing::TestParamInfo<Sickness>& info) {
  std::string name = info.param.id;
  std::ranges::replace(name, '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Each, DoctorRule, ::testing::ValuesIn(all_sicknesses()), name_of);

TEST(DoctorRules, are_each_proven_by_a_sickness_or_for_a_reason_by_facts) {
  Ids rules;
  for (const doctor::Rule& each : doctor::all_rules()) rules.insert(std::string(each.id));
  Ids proven;
  for (const Sickness& each : all_sicknesses()) EXPECT_TRUE(proven.insert(each.id).second) << each.id << " twice";
  for (const auto& [id, reason] : proven_by_facts()) EXPECT_TRUE(proven.insert(id).second) << id << " twice";
  EXPECT_EQ(proven, rules);
}

}  // namespace
}  // namespace lastbyte::system_test
