// The check of the check: machines with one fault each. A property that does not see its mutant proves nothing.
#pragma once

#include <ostream>
#include <span>
#include <string_view>

#include "tests/termination/exploration.h"

namespace lastbyte::termination::test {

struct Mutant {
  std::string_view name;
  std::string_view property;  ///< the one that must see it; others may too
  Machine (*make)();

  /// For the test runner, which would print its bytes.
  friend void PrintTo(const Mutant& mutant, std::ostream* out) { *out << mutant.name; }
};

std::span<const Mutant> mutants();

}  // namespace lastbyte::termination::test
