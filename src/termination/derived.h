// Properties derived from a session's state. Each can be undone by a later event, so none is stored. Pure. Inline,
// because each event of a session evaluates several of them.
#pragma once

#include "termination/session.h"

namespace lastbyte::termination {

/// Predicates on one side, or on a side and its peer side. For this header and the transitions.
namespace side_state {

constexpr bool failed(Input input) {
  switch (input) {
    case Input::open:
    case Input::fin: return false;
    case Input::reset:
    case Input::vanished:
    case Input::aborted: return true;
  }
  return false;
}

constexpr bool held(const Side& side) { return side.hold == Hold::held; }

constexpr bool broken(const Side& side) {
  switch (side.output) {
    case Output::untried:
    case Output::unasked:
    case Output::queued:
    case Output::connecting:
    case Output::open:
    case Output::fin_sent:
    case Output::fin_acked: return false;
    case Output::broken:
    case Output::lost: return true;
  }
  return false;
}

/// The side takes nothing any more, so that what the other side sends is discarded.
constexpr bool takes_nothing(const Side& side) { return broken(side) || !held(side); }

constexpr bool awaits_greeting(const Side& side) { return held(side) && side.output == Output::untried; }

constexpr bool awaits_data(const Side& side) { return held(side) && side.output == Output::unasked; }

constexpr bool awaits_turn(const Side& side) { return held(side) && side.output == Output::queued; }

constexpr bool awaits_connect(const Side& side) { return held(side) && side.output == Output::connecting; }

/// T3.
constexpr bool not_there_yet(const Side& side) {
  return awaits_greeting(side) || awaits_data(side) || awaits_turn(side) || awaits_connect(side);
}

constexpr bool input_is_open(const Session& session, Which which) {
  const Side& side = session.side(which);
  return held(side) && side.input == Input::open && !not_there_yet(side);
}

/// `sink` is kept only until its peer acknowledges the bytes that came before the source's failure (T4).
constexpr bool flushes(const Session& session, Which sink) {
  const Side& source = session.side(other(sink));
  return held(session.side(sink)) && session.side(sink).output == Output::open && failed(source.input);
}

}  // namespace side_state

/// Both descriptors are closed; no event is accepted any more.
constexpr bool final(const Session& session) {
  return !side_state::held(session.side(Which::client)) && !side_state::held(session.side(Which::upstream));
}

/// The input of `which` must be read: its bytes can go on, must be discarded, or its end is needed (T5, T9).
constexpr bool reads(const Session& session, Which which) {
  const Side& self = session.side(which);
  const Side& sink = session.side(other(which));
  if (!side_state::input_is_open(session, which)) return false;
  if (side_state::takes_nothing(sink)) return true;
  // The bytes stay in the kernel until the sink is connected (T3), and while it is full (T9).
  return !side_state::not_there_yet(sink) && !self.pending;
}

/// Nothing can be written to `which` any more: a write failed, or its input failed (T5).
constexpr bool broken(const Session& session, Which which) { return side_state::broken(session.side(which)); }

/// Whether bytes read from `which` are discarded, because the other side accepts nothing more (T5, T6).
constexpr bool discards(const Session& session, Which which) {
  return side_state::takes_nothing(session.side(other(which)));
}

/// The driver must find out when everything sent to `which` is acknowledged, and report Event::acked.
constexpr bool awaits_ack(const Session& session, Which which) {
  const Side& self = session.side(which);
  if (!side_state::held(self)) return false;
  // While its own flow is open there is no hurry: only the close needs the acknowledgement.
  if (self.output == Output::fin_sent) return self.input != Input::open;
  return side_state::flushes(session, which) && !session.side(other(which)).pending;
}

/// The side is held open only so that its peer can finish sending (T6).
constexpr bool lingers(const Session& session, Which which) {
  const Side& self = session.side(which);
  const bool nothing_is_owed =
      self.output == Output::fin_sent || self.output == Output::fin_acked || side_state::broken(self);
  return side_state::input_is_open(session, which) && nothing_is_owed && discards(session, which);
}

/// The one deadline that is armed (T8). Deadline::none only for final sessions.
constexpr Deadline deadline(const Session& session) {
  if (final(session)) return Deadline::none;
  bool quiet = true;
  for (const Which which : kBoth) {
    const Side& side = session.side(which);
    if (side_state::awaits_greeting(side)) return Deadline::proxy_header;
    if (side_state::awaits_data(side)) return Deadline::first_byte;
    if (side_state::awaits_turn(side)) return Deadline::queue;
    if (side_state::awaits_connect(side)) return Deadline::connect;
    if (side_state::flushes(session, which)) return Deadline::reset_flush;
    if (lingers(session, which)) return Deadline::linger;
    quiet = quiet && side.input == Input::open && side.output == Output::open;
  }
  if (session.draining) return Deadline::drain;
  return quiet ? Deadline::idle : Deadline::half_close;
}

}  // namespace lastbyte::termination
