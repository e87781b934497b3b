// Draws a scenario as a sequence diagram from its two scripts. Pure.
#pragma once

#include <string>

#include "check/scenarios/scenario.h"

namespace lastbyte::check {

/// Returns the lines of a Mermaid sequenceDiagram. Each side advances as far as it can before the other side does, so
/// the diagram shows one order of steps that really happen at once.
std::string sequence_diagram(const Scenario& scenario);

}  // namespace lastbyte::check
