// A worker's listening sockets, of which there may be tens of thousands.
#include "relay/context/listening_sockets.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "tests/base/steps.h"

namespace lastbyte::relay {
namespace {

/// One forwarding of so many ports. Nothing is bound: to the list a socket is its descriptor's place in memory.
std::vector<Listening> ports(std::size_t count) {
  const auto forwarding = std::make_shared<const Forwarding>();
  std::vector<Listening> all;
  for (std::size_t each = 0; each < count; ++each) {
    Listening& listening = all.emplace_back();
    listening.forwarding = forwarding;
    listening.listen = *net::Address::parse("127.0.0.1", static_cast<std::uint16_t>(each + 1));
    listening.sockets.push_back(std::make_shared<const Descriptor>());
    listening.counts = std::make_shared<ForwardingCounts>();
  }
  return all;
}

/// What it takes to let so many of them go.
std::optional<std::uint64_t> steps_to_remove(std::size_t count) {
  return test::steps_of([count]() -> std::function<void()> {
    auto all = ports(1);
    while (all.front().sockets.size() < count) all.front().sockets.push_back(std::make_shared<const Descriptor>());
    auto sockets = std::make_shared<ListeningSockets>(0);
    sockets->serve(all);
    while (!sockets->unwatched().empty()) sockets->set_watched(sockets->unwatched().front(), true);
    sockets->serve({});
    std::vector<ListeningSocket*> order;
    for (ListeningSocket& each : sockets->watched()) order.push_back(&each);
    std::ranges::shuffle(order, std::minstd_rand(1));
    // The descriptors have another owner, as at a reload, so that it is the lists that are counted.
    return [sockets, order, all] {
      for (ListeningSocket* each : order) sockets->close(*each);
    };
  });
}

TEST(ListeningSockets, T12_removing_eight_times_as_many_takes_eight_times_as_long) {
  const auto few = steps_to_remove(32);
  const auto many = steps_to_remove(256);
  if (!few || !many) GTEST_SKIP() << "ptrace(2) is not allowed here";
  EXPECT_LT(*many, 12 * *few) << *few << " instructions for 32, " << *many << " for 256";
}

TEST(ListeningSockets, what_is_no_longer_named_leaves_and_the_rest_stays) {
  ListeningSockets sockets(0);
  auto all = ports(5);
  sockets.serve(all);
  EXPECT_EQ(sockets.unwatched().size(), 5U);
  EXPECT_EQ(sockets.leaving(), 0U);
  sockets.set_watched(sockets.unwatched().front(), true);
  all.erase(all.begin(), all.begin() + 2);
  sockets.serve(all);
  EXPECT_EQ(sockets.watched().size() + sockets.unwatched().size(), 5U);
  ASSERT_EQ(sockets.leaving(), 2U);
  std::set<const ListeningSocket*> seen;
  for (int turn = 0; turn < 4; ++turn) seen.insert(&sockets.next_leaving());
  EXPECT_EQ(seen.size(), 2U) << "each has its turn";
  while (sockets.leaving() != 0) sockets.close(sockets.next_leaving());
  EXPECT_EQ(sockets.watched().size() + sockets.unwatched().size(), 3U);
}

TEST(ListeningSockets, one_that_leaves_can_be_named_again) {
  ListeningSockets sockets(0);
  const auto all = ports(3);
  sockets.serve(all);
  sockets.serve({});
  EXPECT_EQ(sockets.leaving(), 3U);
  sockets.serve(all);
  EXPECT_EQ(sockets.leaving(), 0U);
  EXPECT_EQ(sockets.unwatched().size(), 3U);
  for (const ListeningSocket& each : sockets.unwatched()) EXPECT_FALSE(each.leaving);
}

}  // namespace
}  // namespace lastbyte::relay
