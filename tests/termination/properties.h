// What must hold in every reachable state and transition of a termination machine (docs/contract.md). Each check takes
// the exploration of any machine, the true one or a mutant, and returns what it found wrong.
#pragma once

#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tests/termination/exploration.h"

namespace lastbyte::termination::test {

/// Each with the shortest transcript that leads to it.
using Violations = std::vector<std::string>;

struct Property {
  std::string_view name;  ///< begins with its clause or number; also the test's name
  Violations (*check)(const Exploration&);

  /// For the test runner, which would print its bytes.
  friend void PrintTo(const Property& property, std::ostream* out) { *out << property.name; }
};

/// All of them. Names are unique.
std::span<const Property> properties();

}  // namespace lastbyte::termination::test
