#include "proxy/watch/tally.h"

#include <gtest/gtest.h>

#include <cctype>
#include <set>
#include <utility>

namespace lastbyte::proxy {
namespace {

using relay::Count;
using relay::CountKind;

Tally tally_of(std::initializer_list<std::pair<Count, std::uint64_t>> counts) {
  relay::Counters worker;
  for (const auto& [count, value] : counts) worker.add(count, value);
  Tally tally;
  tally.add(worker);
  return tally;
}

TEST(Tally, tells_who_was_turned_away_as_far_as_there_was_anybody) {
  EXPECT_EQ(turned_away({}), "");
  EXPECT_EQ(turned_away(tally_of({{Count::accepted, 9}, {Count::ended, 9}})), "");
  EXPECT_EQ(turned_away(tally_of({{Count::denied_clients, 1}})),
            "turned away: 1 client by client.allow or client.deny");
  EXPECT_EQ(turned_away(tally_of({{Count::clients_over_limit, 2}, {Count::bad_greetings, 3}})),
            "turned away: 2 clients by max-sessions-per-client, 3 clients for the PROXY header");
  EXPECT_EQ(
      turned_away(tally_of({{Count::datagrams_dropped, 12}, {Count::datagrams_refused, 5}})),
      "turned away: 5 datagrams of clients that got no session, 12 datagrams of sessions, not taken by the kernel");
}

TEST(Tally, pauses_turn_nobody_away) {
  EXPECT_EQ(pauses({}), "");
  const Tally paused = tally_of({{Count::accept_pauses, 1}});
  EXPECT_EQ(pauses(paused), "accepting paused 1 time because descriptors or memory were short");
  EXPECT_EQ(turned_away(paused), "");
}

TEST(Tally, adds_up_every_count_of_all_workers) {
  relay::Counters one;
  relay::Counters two;
  for (const auto& each : relay::kCounts) {
    one.add(each.count, 1 + static_cast<std::uint64_t>(each.count));
    two.add(each.count, 100);
  }
  two.subtract(Count::open);
  Tally all;
  all.add(one);
  all.add(two);
  for (const auto& each : relay::kCounts) {
    const std::uint64_t expected = 101 + static_cast<std::uint64_t>(each.count) - (each.count == Count::open ? 1 : 0);
    EXPECT_EQ(all.of(each.count), expected) << each.name;
  }
}

TEST(Counts, are_named_and_explained_each_once) {
  std::set<std::string_view> names;
  for (const auto& each : relay::kCounts) {
    EXPECT_TRUE(names.insert(each.name).second) << each.name;
    EXPECT_EQ(each.kind == CountKind::counter, each.name.ends_with("_total")) << each.name;
    for (const char letter : each.name) EXPECT_TRUE(std::islower(letter) != 0 || letter == '_') << each.name;
    EXPECT_TRUE(each.help.ends_with('.') && std::isupper(each.help.front()) != 0) << each.help;
    EXPECT_EQ(each.noun.empty(), each.reason.empty()) << each.name;
  }
}

}  // namespace
}  // namespace lastbyte::proxy
