// All transitions of a session, and everything that is derived from its state. No I/O, no clock, no allocation.
#pragma once

#include <optional>

#include "termination/session.h"

namespace lastbyte::termination {

/// The step that `event` on `side` causes. nullopt: the event is impossible in this state, which is a bug of the
/// driver.
std::optional<Step> step(const Session& session, Event event, Which side);

/// Both descriptors are gone; no event is accepted any more.
bool final(const Session& session);

/// The input of `side` is to be read: its bytes can go on, or are to be discarded, or its end is wanted (T5, T9).
bool reads(const Session& session, Which side);

/// Nothing can be written to `side` any more: a write failed, or its input failed (T5).
bool broken(const Session& session, Which side);

/// Whether bytes read from `side` are discarded, because the other side accepts nothing more (T5, T6).
bool discards(const Session& session, Which side);

/// The driver is to find out whether everything sent to `side` is acknowledged, and to say so with Event::acked.
bool awaits_ack(const Session& session, Which side);

/// The side is held open only so that its peer may finish sending (T6).
bool lingers(const Session& session, Which side);

/// The one deadline that is armed (T8). Deadline::none for final sessions only.
Deadline deadline(const Session& session);

}  // namespace lastbyte::termination
