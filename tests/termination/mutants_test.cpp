// Property 9: planted faults are caught by the very exploration that the true machine passes.
#include "tests/termination/mutants.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/termination/properties.h"

namespace lastbyte::termination::test {
namespace {

class PlantedFault : public testing::TestWithParam<Mutant> {};

TEST_P(PlantedFault, is_caught) {
  const auto all = properties();
  const auto property = std::ranges::find(all, GetParam().property, &Property::name);
  ASSERT_NE(property, all.end()) << "no property is called " << GetParam().property;
  EXPECT_FALSE(property->check(Exploration(GetParam().make())).empty());
}

INSTANTIATE_TEST_SUITE_P(Property9, PlantedFault, testing::ValuesIn(mutants().begin(), mutants().end()),
                         [](const auto& tested) { return std::string(tested.param.name); });

TEST(Property9, every_property_has_a_fault_that_it_catches) {
  for (const Property& property : properties()) {
    const auto all = mutants();
    EXPECT_NE(std::ranges::find(all, property.name, &Mutant::property), all.end()) << property.name;
  }
}

}  // namespace
}  // namespace lastbyte::termination::test
