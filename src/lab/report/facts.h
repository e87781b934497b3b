// The table of docs/kernel-facts.md, tried on the running kernel.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "lab/terms/outcome.h"

namespace lastbyte::lab {

/// A row of an experiment that shows a fact.
struct Shown {
  std::string_view experiment;  ///< empty: none
  std::string_view row;
};

struct Fact {
  std::string_view section;    ///< of docs/kernel-facts.md
  std::string_view text;       ///< word for word
  std::array<Shown, 3> shown;  ///< all must agree
  std::string_view elsewhere;  ///< where no experiment shows it: what does
};

std::span<const Fact> facts();

/// Of a fact on this kernel: every row that shows it, on every medium. A row that was not observed makes it not
/// observed.
Verdict verdict_on(const Fact& fact, std::span<const Outcome> outcomes);

/// The table, a line a fact.
std::string facts_text(std::span<const Outcome> outcomes, const std::string& kernel);

}  // namespace lastbyte::lab
