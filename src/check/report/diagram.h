// A scenario as a sequence diagram, drawn from its two scripts. Pure.
#pragma once

#include <string>

#include "check/scenarios/scenario.h"

namespace lastbyte::check {

/// Lines of a Mermaid sequenceDiagram. Each side goes on as far as it can before the other does, so that what really
/// happens at once is drawn in one of its orders.
std::string sequence_diagram(const Scenario& scenario);

}  // namespace lastbyte::check
