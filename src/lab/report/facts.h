// Tries the table of docs/kernel-facts.md on the running kernel.
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
  std::string_view section;    ///< section of docs/kernel-facts.md
  std::string_view text;       ///< the fact's text, word for word
  std::array<Shown, 3> shown;  ///< all of them must agree
  std::string_view elsewhere;  ///< what shows the fact if no experiment does
};

std::span<const Fact> facts();

/// Returns the verdict on a fact: all rows that show it must agree on every medium. If one row was not observed,
/// neither is the fact.
Verdict verdict_on(const Fact& fact, std::span<const Outcome> outcomes);

/// Returns the table, one line per fact.
std::string facts_text(std::span<const Outcome> outcomes, const std::string& kernel);

}  // namespace lastbyte::lab
