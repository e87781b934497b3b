// All transitions of a session. No I/O, no clock, no allocation.
#pragma once

#include <optional>

#include "termination/derived.h"
#include "termination/session.h"

namespace lastbyte::termination {

/// Returns the step that `event` on `side` causes. nullopt: the event is impossible in this state, which is a bug of
/// the driver.
std::optional<Step> step(const Session& session, Event event, Which side);

}  // namespace lastbyte::termination
