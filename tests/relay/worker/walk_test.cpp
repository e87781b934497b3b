// A walk in slices over a list that changes under it.
#include "relay/worker/walk.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <boost/intrusive/list.hpp>
#include <memory>
#include <set>
#include <vector>

namespace lastbyte::relay {
namespace {

struct Item : boost::intrusive::list_base_hook<> {
  explicit Item(int number_) : number(number_) {}
  int number;
};
using Items = boost::intrusive::list<Item>;

struct Walked {
  explicit Walked(int count) {
    for (int number = 0; number < count; ++number) join(number);
    walk.begin([this](Item& item) { visited.push_back(item.number); });
  }
  ~Walked() { items.clear(); }
  Walked(const Walked&) = delete;
  Walked& operator=(const Walked&) = delete;

  void join(int number) { items.push_back(*owned.emplace_back(std::make_unique<Item>(number))); }
  void leave(Item& item) {
    walk.leaves(item);
    items.erase(items.iterator_to(item));
  }

  std::vector<std::unique_ptr<Item>> owned;
  Items items;
  Walk<Items> walk{items};
  std::vector<int> visited;
};

TEST(Walk, visits_each_element_once_in_slices) {
  Walked walked(5);
  walked.walk.step(2);
  EXPECT_EQ(walked.visited, (std::vector{0, 1}));
  EXPECT_TRUE(walked.walk.under_way());
  walked.walk.step(2);
  walked.walk.step(2);
  EXPECT_EQ(walked.visited, (std::vector{0, 1, 2, 3, 4}));
  EXPECT_FALSE(walked.walk.under_way());
}

TEST(Walk, goes_on_where_the_next_element_has_left) {
  Walked walked(4);
  walked.walk.step(1);
  walked.leave(*walked.owned[1]);
  walked.walk.finish();
  EXPECT_EQ(walked.visited, (std::vector{0, 2, 3}));
}

TEST(Walk, ends_where_the_rest_has_left) {
  Walked walked(2);
  walked.walk.step(1);
  walked.leave(*walked.owned[1]);
  walked.walk.step(1);
  EXPECT_FALSE(walked.walk.under_way());
}

TEST(Walk, an_empty_list_is_walked_at_once) {
  Walked walked(0);
  walked.walk.step(1);
  EXPECT_FALSE(walked.walk.under_way());
}

TEST(Walk, a_visitor_may_take_the_element_out) {
  Walked walked(3);
  walked.walk.begin([&](Item& item) {
    walked.visited.push_back(item.number);
    walked.leave(item);
  });
  walked.walk.finish();
  EXPECT_EQ(walked.visited, (std::vector{0, 1, 2}));
  EXPECT_TRUE(walked.items.empty());
}

/// An element that was there at the beginning is visited once, unless it left before its turn; no other one is visited
/// twice.
RC_GTEST_PROP(WalkProperties, no_element_is_missed_or_visited_twice, ()) {
  Walked walked(*rc::gen::inRange(0, 20));
  std::set<int> expected;
  for (const auto& item : walked.owned) expected.insert(item->number);
  const auto visited = [&](int number) { return std::ranges::count(walked.visited, number); };
  for (int round = 0; round < 30 && walked.walk.under_way(); ++round) {
    if (*rc::gen::arbitrary<bool>() && !walked.owned.empty()) {
      Item& item = *walked.owned[*rc::gen::inRange<std::size_t>(0, walked.owned.size())];
      if (item.is_linked()) {
        walked.leave(item);
        if (visited(item.number) == 0) expected.erase(item.number);
      }
    }
    if (*rc::gen::arbitrary<bool>()) walked.join(static_cast<int>(walked.owned.size()));
    walked.walk.step(*rc::gen::inRange<std::size_t>(0, 3));
  }
  walked.walk.finish();
  for (const int number : expected) RC_ASSERT(visited(number) == 1);
  for (const auto& item : walked.owned) RC_ASSERT(visited(item->number) <= 1);
}

}  // namespace
}  // namespace lastbyte::relay
