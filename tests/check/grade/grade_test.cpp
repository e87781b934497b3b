// Verdicts on scenarios that cannot be played, and on targets that cannot be started.
#include "check/grade/grade.h"

#include <gtest/gtest.h>

#include <string>

namespace lastbyte::check {
namespace {

TEST(Grade, what_cannot_be_played_is_skipped_with_the_reason) {
  const Target plain{.name = "no proxy"};
  References references;
  Choice choice;
  for (const char* name : {"idle", "lossy-half-close-client", "unreachable", "chain-reset", "half-close-server"})
    choice.scenarios.push_back(find_scenario(name));
  const Report report = grade(plain, choice, references, nullptr);
  EXPECT_EQ(report.count(Verdict::skip), 4U);
  EXPECT_EQ(report.count(Verdict::pass), 1U);
  for (const Outcome& each : report.outcomes)
    EXPECT_EQ(each.reason.empty(), each.verdict == Verdict::pass) << each.scenario->name;
}

TEST(Grade, a_proxy_that_does_not_start_fails_with_what_it_wrote) {
  const Target target{.name = "broken", .kind = Kind::started, .command = {"sh", "-c", "echo no such luck; exit 3"}};
  References references;
  Choice choice{.scenarios = {find_scenario("empty-client-first")}};
  const Report report = grade(target, choice, references, nullptr);
  ASSERT_EQ(report.count(Verdict::fail), 1U);
  EXPECT_NE(report.outcomes.front().reason.find("ended with status 3; its output: no such luck"), std::string::npos)
      << report.outcomes.front().reason;
}

}  // namespace
}  // namespace lastbyte::check
