// Maglev hashing.
#include "upstream/maglev.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

namespace lastbyte::upstream {
namespace {

std::vector<std::size_t> places(const std::vector<std::uint16_t>& table, std::size_t members) {
  std::vector<std::size_t> count(members);
  for (const std::uint16_t each : table) ++count.at(each);
  return count;
}

std::vector<std::string> names(std::size_t count) {
  std::vector<std::string> out;
  for (std::size_t index = 0; index < count; ++index) out.push_back("10.0.0." + std::to_string(index) + ":80");
  return out;
}

std::vector<MaglevMember> members(const std::vector<std::string>& names, std::uint32_t weight = 1) {
  std::vector<MaglevMember> out;
  for (const std::string& name : names) out.push_back({name, weight});
  return out;
}

TEST(Maglev, each_member_has_its_share_within_two_percent) {
  const auto all = names(10);
  const auto table = maglev_table(members(all));
  ASSERT_EQ(table.size(), kMaglevSize);
  for (const std::size_t count : places(table, 10)) EXPECT_NEAR(static_cast<double>(count), kMaglevSize / 10.0, 131);
}

TEST(Maglev, shares_go_by_weight) {
  const auto all = names(3);
  const auto count = places(maglev_table(std::vector<MaglevMember>{{all[0], 1}, {all[1], 3}, {all[2], 0}}), 3);
  EXPECT_NEAR(static_cast<double>(count[1]) / static_cast<double>(count[0]), 3, 0.05);
  EXPECT_EQ(count[2], 0U);
  EXPECT_TRUE(maglev_table(std::vector<MaglevMember>{{all[0], 0}}).empty());
  EXPECT_TRUE(maglev_table({}).empty());
}

TEST(Maglev, a_member_that_leaves_for_good_moves_few_other_clients) {
  const auto all = names(10);
  auto fewer = members(all);
  const auto before = maglev_table(fewer);
  fewer.pop_back();
  const auto after = maglev_table(fewer);
  std::size_t moved = 0;
  for (std::size_t place = 0; place < kMaglevSize; ++place)
    moved += static_cast<std::size_t>(before[place] != 9 && before[place] != after[place]);
  EXPECT_LT(moved, kMaglevSize / 20);
}

RC_GTEST_PROP(Maglev, is_whole_whatever_the_weights, ()) {
  const auto all = names(*rc::gen::inRange<std::size_t>(1, 8));
  std::vector<MaglevMember> weighted = members(all);
  bool any = false;
  for (MaglevMember& each : weighted) {
    each.weight = *rc::gen::inRange(0U, 257U);
    any = any || each.weight > 0;
  }
  const auto table = maglev_table(weighted);
  RC_ASSERT(table.size() == (any ? kMaglevSize : 0U));
  const auto count = places(table, all.size());
  for (std::size_t index = 0; index < all.size(); ++index)
    RC_ASSERT((count[index] > 0) == (weighted[index].weight > 0));
}

TEST(SourceHash, is_the_hosts_and_not_the_connections) {
  EXPECT_EQ(source_hash(*net::Address::parse("192.0.2.1", 1)), source_hash(*net::Address::parse("192.0.2.1", 2)));
  EXPECT_NE(source_hash(*net::Address::parse("192.0.2.1", 1)), source_hash(*net::Address::parse("192.0.2.2", 1)));
  EXPECT_NE(source_hash(*net::Address::parse("2001:db8::1", 1)), source_hash(*net::Address::parse("2001:db8::2", 1)));
}

}  // namespace
}  // namespace lastbyte::upstream
