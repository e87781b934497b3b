// How mutants are made of the true machine.
#pragma once

#include <optional>
#include <span>

#include "tests/termination/mutants.h"

namespace lastbyte::termination::test {

using MaybeStep = std::optional<Step>;

inline Machine with_step(MaybeStep (*step)(const Session&, Event, Which)) {
  Machine machine;
  machine.step = step;
  return machine;
}

inline bool held(const Session& session, Which which) { return session.side(which).hold == Hold::held; }

inline void release(Step& step, Which which, Hold why) {
  if (!held(step.session, which)) return;
  step.session.side(which).hold = why;
  (why == Hold::done ? step.action(which).close : step.action(which).reset) = true;
}

/// Part of mutants().
std::span<const Mutant> early_mutants();

}  // namespace lastbyte::termination::test
