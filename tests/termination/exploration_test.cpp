// Every property of docs/contract.md in every state that a session can reach.
#include <gtest/gtest.h>

#include <set>

#include "tests/termination/properties.h"

namespace lastbyte::termination::test {
namespace {

const Exploration& the_machine() {
  static const Exploration exploration{Machine{}};
  return exploration;
}

class EveryReachableState : public testing::TestWithParam<Property> {};

TEST_P(EveryReachableState, holds) {
  const Violations violations = GetParam().check(the_machine());
  EXPECT_TRUE(violations.empty()) << violations.size() << " violations, the first:\n" << violations.front();
}

INSTANTIATE_TEST_SUITE_P(Termination, EveryReachableState, testing::ValuesIn(properties().begin(), properties().end()),
                         [](const auto& tested) { return std::string(tested.param.name); });

// The exploration proves nothing of what it does not reach.
TEST(TerminationExploration, reaches_every_word_of_the_vocabulary) {
  std::set<Input> inputs;
  std::set<Output> outputs;
  std::set<Hold> holds;
  std::set<Deadline> deadlines;
  std::set<First> firsts;
  std::set<End> ends;
  std::set<Event> events;
  for (const World& world : the_machine().worlds()) {
    deadlines.insert(deadline(world.session));
    firsts.insert(world.session.first);
    for (const Which which : kBoth) {
      inputs.insert(world.session.side(which).input);
      outputs.insert(world.session.side(which).output);
      holds.insert(world.session.side(which).hold);
      if (final(world.session)) ends.insert(verdict(world.session).end(which));
    }
  }
  for (const Transition& transition : the_machine().transitions()) events.insert(transition.event);
  EXPECT_EQ(inputs.size(), 5U);
  EXPECT_EQ(outputs.size(), 9U);
  EXPECT_EQ(holds.size(), 9U);
  EXPECT_EQ(deadlines.size(), 10U);
  EXPECT_EQ(firsts.size(), 10U);
  EXPECT_EQ(ends.size(), 13U);
  EXPECT_EQ(events.size(), kEvents.size());
}

}  // namespace
}  // namespace lastbyte::termination::test
