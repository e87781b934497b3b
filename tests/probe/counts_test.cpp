// Counts of members and names, for the life of the process.
#include <gtest/gtest.h>

#include "probe/tallies.h"
#include "tests/probe/harness/directories.h"

namespace lastbyte::probe {
namespace {

TEST_F(MovingNames, look_ups_are_counted_by_name_for_good) {
  DnsServer server("a 0 A 10.0.0.1", 0);
  apply(moving(server, "a.example"));
  const auto counts = [&] { return directory_->tally().names.front(); };
  EXPECT_EQ(counts().name, "a.example");
  ASSERT_TRUE(counts().now);
  EXPECT_EQ(counts().now->addresses, 1U);
  const auto found_at = counts().now->found_at;
  ASSERT_TRUE(found_at);
  server.set("b 0 A 10.0.0.1");
  ASSERT_TRUE(lastbyte::test::eventually([&] { return counts().failed > 1; }, kPatience));
  EXPECT_EQ(counts().now->addresses, 1U) << "kept";
  const auto found = counts().found;
  EXPECT_GE(found, 1U);
  apply(group_of({member("10.0.0.1")}));
  EXPECT_EQ(counts().found, found);
  EXPECT_FALSE(counts().now) << "nothing uses the name";
}

TEST_F(Health, the_counts_of_a_member_go_on_when_it_comes_back) {
  const auto counts_of = [&](const std::string& name) -> MemberCounts {
    for (const MemberCounts& each : directory_->tally().members)
      if (each.group == "web" && each.member == name) return each;
    return {};
  };
  const SharedSnapshot snapshot = apply(ejecting());
  const std::string name = snapshot->members[1].name;
  observe(snapshot, 1, Observation::What::early_reset, 3);
  ASSERT_TRUE(lastbyte::test::eventually([&] { return counts_of(name).ejections == 1; }, kPatience));
  const std::shared_ptr<upstream::Figures> figures = snapshot->members[1].figures;
  figures->began = 7;
  apply(group_of({member("10.0.0.1")}));
  EXPECT_EQ(counts_of(name).ejections, 1U) << "of a member that is gone";
  figures->failed = 2;  // a session that began while the group had the member
  EXPECT_EQ(counts_of(name).failed, 2U);
  const SharedSnapshot again = apply(ejecting());
  EXPECT_NE(again->members[1].figures, figures);
  again->members[1].figures->began = 1;
  EXPECT_EQ(counts_of(name).began, 8U);
  EXPECT_EQ(counts_of(name).failed, 2U);
  EXPECT_EQ(counts_of(name).ejections, 1U);
}

TEST(Tallies, figures_that_nobody_uses_are_folded_and_members_beyond_the_limit_are_other) {
  Tallies tallies;
  auto figures = std::make_shared<upstream::Figures>();
  figures->began = 5;
  const auto tally = tallies.of("web", "a", figures);
  figures.reset();
  EXPECT_EQ(tallies.counts().front().began, 5U);
  EXPECT_TRUE(tally->figures.empty());
  EXPECT_EQ(tallies.counts().front().began, 5U) << "folded once";
  for (std::size_t each = 0; each < Tallies::kMost + 10; ++each) {
    auto its = std::make_shared<upstream::Figures>();
    its->failed = 1;
    tallies.of("web", "member " + std::to_string(each), its);
  }
  const auto all = tallies.counts();
  EXPECT_EQ(all.size(), Tallies::kMost + 1);
  EXPECT_EQ(all.back().group, "other");
  EXPECT_EQ(all.back().failed, 11U);
  const auto nobody = tallies.of("", "x", std::make_shared<upstream::Figures>());
  ++nobody->ejections;
  EXPECT_EQ(tallies.counts().size(), Tallies::kMost + 1) << "a group without a name";
}

}  // namespace
}  // namespace lastbyte::probe
