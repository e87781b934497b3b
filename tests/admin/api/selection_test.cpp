// Tests which sessions an operator sees, and in which order.
#include "admin/api/selection.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <numeric>

namespace lastbyte::admin {
namespace {

using std::chrono::microseconds;

relay::SessionView session(std::uint64_t id, const std::string& client = "10.0.0.1", std::int64_t age = 0) {
  relay::SessionView view;
  view.id = id;
  view.forwarding = std::make_shared<const std::string>(id % 2 == 0 ? "web" : "db");
  view.client = *net::Address::parse(client, 1000);
  view.upstream = *net::Address::parse("2001:db8::2", 80);
  view.phase = id % 3 == 0 ? relay::Phase::lingering : relay::Phase::open;
  view.age = microseconds(age);
  view.flows[0].received = id * 10;
  return view;
}

Selection parsed(const std::vector<std::pair<std::string, std::string>>& query) {
  auto selection = parse_selection(query);
  EXPECT_TRUE(selection) << selection.error();
  return selection ? *selection : Selection();
}

std::vector<std::uint64_t> ids(Chosen& chosen) {
  std::vector<std::uint64_t> all;
  for (const auto& each : chosen.page()) all.push_back(each.id);
  return all;
}

TEST(Selection, filters_let_through_what_they_say) {
  EXPECT_TRUE(parsed({{"forwarding", "web"}}).lets_through(session(2)));
  EXPECT_FALSE(parsed({{"forwarding", "web"}}).lets_through(session(3)));
  EXPECT_TRUE(parsed({{"client", "10.0.0.0/8"}}).lets_through(session(1)));
  EXPECT_FALSE(parsed({{"client", "192.0.2.0/24"}}).lets_through(session(1)));
  EXPECT_TRUE(parsed({{"client", "10.0.0.1"}}).lets_through(session(1)));
  EXPECT_TRUE(parsed({{"client", "10.0.0.1:1000"}}).lets_through(session(1)));
  EXPECT_TRUE(parsed({{"upstream", "[2001:db8::2]:80"}}).lets_through(session(1)));
  EXPECT_TRUE(parsed({{"state", "lingering"}}).lets_through(session(3)));
  EXPECT_FALSE(parsed({{"state", "lingering"}}).lets_through(session(1)));
}

/// Pages by `after`, while the sessions with these numbers end and new ones begin between two pages.
TEST(Selection, pages_after_a_number_miss_and_repeat_nothing_while_sessions_come_and_go) {
  std::vector<std::uint64_t> open;
  for (std::uint64_t id = 1; id <= 40; ++id) open.push_back(id);
  std::vector<std::uint64_t> seen;
  for (std::uint64_t next = 41;; ++next) {
    Chosen page(parsed(
        {{"sort", "id"}, {"order", "asc"}, {"limit", "7"}, {"after", std::to_string(seen.empty() ? 0 : seen.back())}}));
    for (const std::uint64_t id : open) page.add(session(id));
    const auto found = ids(page);
    seen.insert(seen.end(), found.begin(), found.end());
    if (found.size() < 7) break;
    std::erase(open, found.front());  // an offset would now skip one
    if (next < 45) open.push_back(next);
  }
  std::vector<std::uint64_t> all(44);
  std::iota(all.begin(), all.end(), 1);
  EXPECT_EQ(seen, all);
}

TEST(Selection, a_wrong_parameter_is_told_with_what_was_expected) {
  const auto error = [](const std::string& name, const std::string& value) {
    const auto selection = parse_selection({{name, value}});
    return selection ? "no error" : selection.error();
  };
  EXPECT_EQ(error("limit", "0"), "limit: '0': expected 1 to 5000");
  EXPECT_EQ(error("limit", "1x"), "limit: '1x': expected 1 to 5000");
  EXPECT_EQ(error("order", "up"), "order: 'up': expected asc or desc");
  EXPECT_NE(error("state", "closed").find("expected connecting"), std::string::npos);
  EXPECT_NE(error("sort", "").find("expected id"), std::string::npos);
  EXPECT_EQ(error("after", "-1"), "after: '-1': expected the number of a session");
  EXPECT_NE(error("colour", "red").find("there is no such parameter"), std::string::npos);
}

TEST(Selection, pages_follow_each_other_in_the_order_that_is_asked_for) {
  Selection selection = parsed({{"sort", "received"}, {"order", "asc"}, {"limit", "3"}, {"offset", "2"}});
  Chosen chosen(selection);
  for (std::uint64_t id = 10; id > 0; --id) chosen.add(session(id));
  EXPECT_EQ(chosen.matched(), 10U);
  EXPECT_EQ(ids(chosen), (std::vector<std::uint64_t>{3, 4, 5}));
}

/// In whatever order the sessions come, from any number of workers, a page is a part of the sorted whole.
RC_GTEST_PROP(SelectionProperty, a_page_is_a_part_of_all_in_order, ()) {
  Selection selection;
  selection.sort = *rc::gen::element(SortBy::id, SortBy::age, SortBy::received);
  selection.ascending = *rc::gen::arbitrary<bool>();
  selection.limit = *rc::gen::inRange<std::size_t>(1, 8);
  selection.offset = *rc::gen::inRange<std::size_t>(0, 8);
  const auto count = *rc::gen::inRange<std::uint64_t>(0, 400);
  std::vector<relay::SessionView> all;
  std::vector<Chosen> workers(3, Chosen(selection));
  for (std::uint64_t id = 1; id <= count; ++id) {
    all.push_back(session(id, "10.0.0.1", *rc::gen::inRange<std::int64_t>(0, 20)));
    workers[id % 3].add(all.back());
  }
  Chosen chosen(selection);
  for (Chosen& each : workers) chosen.add(std::move(each));
  RC_ASSERT(chosen.matched() == count);
  std::ranges::sort(all, [&](const auto& a, const auto& b) { return selection.before(a, b); });
  std::vector<std::uint64_t> expected;
  for (std::size_t index = selection.offset;
       index < std::min<std::size_t>(all.size(), selection.offset + selection.limit); ++index)
    expected.push_back(all[index].id);
  RC_ASSERT(ids(chosen) == expected);
}

}  // namespace
}  // namespace lastbyte::admin
