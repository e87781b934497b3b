// Plans: the same for the same seed, and all that a session can do is among them.
#include "tests/soak/plan.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <numeric>
#include <set>

namespace lastbyte::soak {
namespace {

TEST(SoakPlan, is_a_function_of_seed_and_number) {
  EXPECT_TRUE(rc::check([](std::uint64_t seed, std::uint64_t number) {
    const Plan plan = make_plan(seed, number);
    RC_ASSERT(print(plan) == print(make_plan(seed, number)));
    RC_ASSERT(plan.client == make_plan(seed, number).client && plan.upstream == make_plan(seed, number).upstream);
  }));
}

TEST(SoakPlan, is_another_for_another_seed_or_number) {
  std::set<std::string> clients;
  for (std::uint64_t number = 0; number < 1000; ++number) clients.insert(print(make_plan(1, number).client));
  EXPECT_GT(clients.size(), 700U);
  std::size_t same = 0;
  for (std::uint64_t number = 0; number < 1000; ++number)
    same += make_plan(1, number).client == make_plan(2, number).client ? 1U : 0U;
  EXPECT_LT(same, 100U);
}

bool does(const PeerPlan& peer, Verb verb) {
  return std::ranges::find(peer.steps, verb, &Step::verb) != peer.steps.end();
}

/// Nobody waits for what the other one will only do afterwards: one of them ends its flow, or lets go, on its own.
TEST(SoakPlan, does_not_hang_by_itself) {
  for (std::uint64_t number = 0; number < 20'000; ++number) {
    const Plan plan = make_plan(3, number);
    const bool both_wait = does(plan.client, Verb::await_end) && does(plan.upstream, Verb::await_end) &&
                           plan.client.cutting.cut == Cut::none && plan.upstream.cutting.cut == Cut::none;
    ASSERT_FALSE(both_wait) << print(plan);
    for (const PeerPlan* peer : {&plan.client, &plan.upstream})
      ASSERT_TRUE(!peer->reading.stops_after || peer->cutting.cut != Cut::none) << print(plan);
  }
}

/// Of several, Linux would keep the last only (T1).
TEST(SoakPlan, has_one_urgent_byte_of_a_tcp_upstream_at_most) {
  for (std::uint64_t number = 0; number < 20'000; ++number) {
    const Plan plan = make_plan(4, number);
    if (plan.kind->upstream != Transport::tcp) continue;
    ASSERT_LE(std::ranges::count(plan.upstream.steps, Verb::urgent, &Step::verb), 1) << print(plan);
  }
}

/// Of a client that lets go amid its header the judge could not tell what is due.
TEST(SoakPlan, nothing_waits_amid_an_optional_header_of_a_client_that_lets_go) {
  std::size_t headers = 0;
  for (std::uint64_t number = 0; number < 50'000; ++number) {
    const Plan plan = make_plan(6, number);
    if (plan.kind->asks != Asks::optional || plan.header == Header::wrong || plan.client.cutting.cut == Cut::none)
      continue;
    const std::vector<Step>& steps = plan.client.steps;
    std::size_t pieces = 0;
    while (pieces < steps.size() && steps[pieces].verb == Verb::raw) ++pieces;
    ASSERT_EQ(std::ranges::count(steps, Verb::raw, &Step::verb), pieces) << print(plan);
    if (pieces > 1) ++headers;
  }
  EXPECT_GT(headers, 0U);
}

/// An upstream that is held back waits for a byte of the client, which therefore waits for nothing before it.
TEST(SoakPlan, asks_before_it_waits_for_an_upstream_that_is_held_back) {
  std::size_t probes = 0;
  std::size_t asking = 0;
  for (std::uint64_t number = 0; number < 50'000; ++number) {
    const Plan plan = make_plan(7, number);
    if (!plan.kind->held_back || plan.header == Header::wrong) continue;
    const auto asks = std::ranges::find_if(plan.client.steps, [](const Step& each) {
      return each.verb == Verb::send || each.verb == Verb::urgent || each.verb == Verb::descriptors;
    });
    ++(asks == plan.client.steps.end() ? probes : asking);
    const auto waits = std::ranges::find_if(plan.client.steps, [](const Step& each) {
      return each.verb == Verb::await_bytes || (each.verb == Verb::await_end);
    });
    ASSERT_TRUE(waits == plan.client.steps.end() || asks < waits) << print(plan);
  }
  EXPECT_GT(probes, 100U);
  EXPECT_GT(asking, 1000U);
}

TEST(SoakPlan, everything_is_drawn) {
  std::set<std::string_view> names;
  std::set<Verb> verbs;
  std::set<Cut> cuts;
  std::set<Header> headers;
  std::size_t deaf = 0;
  for (std::uint64_t number = 0; number < 10'000; ++number) {
    const Plan plan = make_plan(5, number);
    names.insert(plan.kind->name);
    headers.insert(plan.header);
    deaf += plan.deaf.count() != 0 ? 1U : 0U;
    for (const PeerPlan* peer : {&plan.client, &plan.upstream}) {
      cuts.insert(peer->cutting.cut);
      for (const Step& step : peer->steps) verbs.insert(step.verb);
    }
  }
  EXPECT_EQ(names.size(), kinds().size());
  EXPECT_EQ(verbs.size(), 12U);
  EXPECT_EQ(cuts.size(), 3U);
  EXPECT_EQ(headers.size(), 4U);
  EXPECT_GT(deaf, 0U);
}

}  // namespace
}  // namespace lastbyte::soak
