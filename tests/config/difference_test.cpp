// What a reload finds different.
#include "config/difference.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <set>

#include "config/settings/settings.h"

namespace lastbyte::config {
namespace {

namespace gen = rc::gen;

relay::Forwarding forwarding(const std::string& name, std::uint16_t port) {
  relay::Forwarding one;
  one.name = name;
  one.listen = net::Endpoint::tcp("127.0.0.1", port);
  one.connect = net::Endpoint::tcp("127.0.0.1", 9);
  return one;
}

/// Few names and ports, so that they meet.
std::vector<relay::Forwarding> any_forwardings() {
  std::set<std::string> names;
  std::vector<relay::Forwarding> all;
  for (const int each : *gen::container<std::vector<int>>(gen::inRange(0, 6))) {
    const std::string name(1, static_cast<char>('a' + each));
    if (names.insert(name).second) all.push_back(forwarding(name, static_cast<std::uint16_t>(*gen::inRange(1, 5))));
  }
  return all;
}

RC_GTEST_PROP(Difference, each_of_before_is_given_at_most_once_and_by_name_first, ()) {
  const auto before = any_forwardings();
  const auto after = any_forwardings();
  const auto found = predecessors(before, after);
  RC_ASSERT(found.size() == after.size());
  std::set<std::size_t> given;
  for (std::size_t index = 0; index < after.size(); ++index) {
    const auto same_name = std::ranges::find(before, after[index].name, &relay::Forwarding::name);
    if (same_name != before.end()) {
      RC_ASSERT(found[index].has_value());
      RC_ASSERT(before[*found[index]].name == after[index].name);
    }
    if (!found[index]) continue;
    RC_ASSERT(given.insert(*found[index]).second);
    const relay::Forwarding& it = before.at(*found[index]);
    RC_ASSERT(it.name == after[index].name || it.listen == after[index].listen);
  }
}

RC_GTEST_PROP(Difference, the_same_forwardings_in_another_order_are_the_same, ()) {
  const auto before = any_forwardings();
  auto after = before;
  std::ranges::rotate(after, after.begin() + *gen::inRange<long>(0, static_cast<long>(after.size()) + 1));
  const auto found = predecessors(before, after);
  for (std::size_t index = 0; index < after.size(); ++index) {
    RC_ASSERT(found[index].has_value());
    RC_ASSERT(before[*found[index]] == after[index]);
    RC_ASSERT(differing_keys(before[*found[index]], after[index]).empty());
  }
}

TEST(Difference, a_renamed_forwarding_is_the_one_that_listens_there) {
  const auto found = predecessors({forwarding("front", 80), forwarding("other", 81)},
                                  {forwarding("web", 80), forwarding("other", 81)});
  EXPECT_EQ(found[0], 0U);
  EXPECT_EQ(found[1], 1U);
}

TEST(Difference, names_the_keys) {
  const relay::Forwarding before = forwarding("web", 80);
  relay::Forwarding after = before;
  after.connect = net::Endpoint::tcp("10.0.0.1", 9);
  after.client.backlog = 7;
  after.linger.mode = termination::LingerMode::off;
  EXPECT_EQ(differing_keys(before, after), (std::vector<std::string>{"connect", "linger.mode", "client.backlog"}));
  after = before;
  after.access.deny = {*net::Cidr::parse("10.0.0.0/8")};
  EXPECT_EQ(differing_keys(before, after), std::vector<std::string>{"client.deny"});
  Config one;
  Config two;
  two.workers = 3;
  two.log.target = "off";
  EXPECT_EQ(differing_keys(one, two), (std::vector<std::string>{"workers", "log.target"}));
}

TEST(Difference, keeps_every_setting_of_the_process_but_those_that_may_change) {
  Config before;
  Config after;
  after.workers = 3;
  after.max_sessions = 5;
  after.drain = std::chrono::seconds(1);
  after.user = "nobody";
  after.group = "users";
  after.log = {LogFormat::json, "/tmp/log"};
  after.forwardings = {forwarding("web", 80)};
  const Config kept = keep_all_but({"max-sessions"}, before, after);
  EXPECT_EQ(differing_keys(before, kept), std::vector<std::string>{"max-sessions"});
  EXPECT_EQ(kept.forwardings, after.forwardings);
  EXPECT_EQ(keep_all_but(differing_keys(before, after), before, after), after);
}

}  // namespace
}  // namespace lastbyte::config
