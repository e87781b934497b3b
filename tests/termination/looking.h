// How properties look at an exploration.
#pragma once

#include <functional>
#include <string>

#include "tests/termination/exploration.h"
#include "tests/termination/properties.h"

namespace lastbyte::termination::test {

/// One transition with what the observer knew before and knows after.
struct Seen {
  const Exploration& exploration;
  const Transition& transition;
  const World& before;
  const World& after;

  [[nodiscard]] Event event() const { return transition.event; }
  [[nodiscard]] bool is(Event event, Which side) const {
    return transition.event == event && (session_wide(event) || transition.side == side);
  }
  [[nodiscard]] const Actions& action(Which which) const { return transition.step.action(which); }
  [[nodiscard]] bool quiet() const { return transition.step.actions == std::array<Actions, 2>{}; }
  /// It ended without a byte, and nobody was asked for it: there is no other flow, and nothing that could fail.
  [[nodiscard]] bool leaves_unasked(Which side) const {
    return is(Event::fin, side) && before.peer(termination::other(side)).unasked;
  }
  /// Lets go of sides whatever their peers do.
  [[nodiscard]] bool ours_alone() const {
    return event() == Event::deadline || event() == Event::abort || event() == Event::abandon;
  }
};

/// Empty: all is well. Otherwise what is wrong with the side, as a sentence without its subject.
using Complaint = std::string;

/// Looks at every transition, once for each side.
Violations in_every_transition(const Exploration& exploration,
                               const std::function<Complaint(const Seen&, Which)>& look);
/// Looks at every world, once for each side.
Violations in_every_world(const Exploration& exploration,
                          const std::function<Complaint(const Machine&, const World&, Which)>& look);

inline bool held(const Peer& peer) { return peer.gone == Gone::no; }

// The tables that properties() joins.
std::span<const Property> delivery_properties();
std::span<const Property> machine_properties();

}  // namespace lastbyte::termination::test
