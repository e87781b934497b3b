#include "termination/transition.h"

namespace lastbyte::termination {
namespace {

bool failed(Input input) {
  switch (input) {
    case Input::open:
    case Input::fin: return false;
    case Input::reset:
    case Input::vanished: return true;
  }
  return false;
}

bool held(const Side& side) { return side.hold == Hold::held; }

bool broken(const Side& side) {
  switch (side.output) {
    case Output::untried:
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

/// The side takes nothing any more, so that what the other one says is thrown away.
bool takes_nothing(const Side& side) { return broken(side) || !held(side); }

bool awaits_greeting(const Side& side) { return held(side) && side.output == Output::untried; }

bool awaits_turn(const Side& side) { return held(side) && side.output == Output::queued; }

bool awaits_connect(const Side& side) { return held(side) && side.output == Output::connecting; }

/// T3.
bool not_there_yet(const Side& side) { return awaits_greeting(side) || awaits_turn(side) || awaits_connect(side); }

bool input_is_open(const Session& session, Which which) {
  const Side& side = session.side(which);
  return held(side) && side.input == Input::open && !not_there_yet(side);
}

/// Also where everything is acknowledged: its error may show before its input is read again (T10).
bool may_refuse(const Side& side) { return held(side) && !not_there_yet(side) && !broken(side); }

/// `sink` is only kept until the bytes that came before its source's failure are acknowledged (T4).
bool flushes(const Session& session, Which sink) {
  const Side& source = session.side(other(sink));
  return held(session.side(sink)) && session.side(sink).output == Output::open && failed(source.input);
}

void release(Step& step, Which which, Hold why) {
  step.session.side(which).hold = why;
  const bool resets = why == Hold::passed_on || why == Hold::rejected || why == Hold::limit || why == Hold::stopped ||
                      why == Hold::abandoned;
  (resets ? step.action(which).reset : step.action(which).close) = true;
}

void release_all(Step& step, Hold why) {
  for (const Which which : kBoth)
    if (held(step.session.side(which))) release(step, which, why);
}

void note_first(Session& session, First what, Which side) {
  if (session.first != First::none) return;
  session.first = what;
  session.first_side = side;
}

/// A failed socket is failed both ways: nothing can be written to it either.
void fail_input(Session& session, Which which, Input how) {
  session.side(which).input = how;
  session.side(which).output = how == Input::reset ? Output::broken : Output::lost;
  note_first(session, how == Input::reset ? First::reset : First::vanished, which);
}

First first_of_error(Event event) {
  if (event == Event::lost) return First::vanished;
  return event == Event::broke ? First::reset : First::refused;
}

void pass_deadline(Step& step) {
  Session& session = step.session;
  const Deadline which_passed = deadline(session);
  session.limit = which_passed;
  note_first(session, First::limit, Which::client);
  switch (which_passed) {
    case Deadline::none: return;
    case Deadline::proxy_header:
    case Deadline::queue:
    case Deadline::connect:
    case Deadline::idle:
    case Deadline::half_close: return release_all(step, Hold::limit);
    case Deadline::drain: return release_all(step, Hold::stopped);
    case Deadline::reset_flush: return release_all(step, Hold::passed_on);
    case Deadline::linger:
      // Not a reset on purpose: the answer may still be in the send queue, and close() goes on delivering it where
      // no unread input forbids that (T6; net/ipv4/tcp.c __tcp_close).
      for (const Which side : kBoth) {
        if (!held(session.side(side))) continue;
        session.side(side).hold = Hold::limit;
        step.action(side).close = true;
      }
      return;
  }
}

/// Draws every consequence that follows from the state alone. One pass is enough: the exhaustive test holds that
/// nothing is left to follow, whichever side comes first.
void draw_consequences(Step& step) {
  Session& session = step.session;
  for (const Which source : kBoth) {
    const Which sink = other(source);
    Side& from = session.side(source);
    Side& to = session.side(sink);

    if (takes_nothing(to)) from.pending = false;

    // T3: a failed client cancels the attempt.
    if (not_there_yet(to) && failed(from.input)) release(step, sink, Hold::passed_on);

    // T1: the FIN follows the data.
    if (held(to) && to.output == Output::open && from.input == Input::fin && !from.pending) {
      to.output = Output::fin_sent;
      step.action(sink).send_fin = true;
    }

    // Nothing more can come from it, and nothing more can be done to it.
    const bool finished = to.input == Input::fin && to.output == Output::fin_acked;
    const bool dead = to.input != Input::open && broken(to);
    if (held(to) && (finished || dead)) release(step, sink, Hold::done);
  }
}

/// T6: a side whose peer may still be sending is read and discarded before it is closed, or closed at once if the
/// operator wants it so.
void begin_lingering(const Session& before, Step& step) {
  for (const Which which : kBoth) {
    if (!lingers(step.session, which) || lingers(before, which)) continue;
    // A side that refused is read to its true end even with lingering off: nothing that closing it could cut off is on
    // its way to it (T5).
    if (step.session.linger || broken(step.session.side(which))) {
      step.action(which).linger = true;
    } else {
      release(step, which, Hold::done);
    }
  }
}

/// Changes the session as the event says, without consequences. False: impossible.
bool apply(Step& step, Event event, Which which) {
  Session& session = step.session;
  Side& self = session.side(which);
  const Side& peer = session.side(other(which));
  switch (event) {
    case Event::greeted:
      if (!held(self) || !awaits_greeting(peer)) return false;
      session.side(other(which)).output = Output::connecting;
      return true;
    case Event::rejected:
      if (!held(self) || !awaits_greeting(peer)) return false;
      note_first(session, First::rejected, which);
      release(step, which, Hold::rejected);
      release(step, other(which), Hold::passed_on);
      return true;
    case Event::queued:
      if (!awaits_connect(self)) return false;
      self.output = Output::queued;
      return true;
    case Event::dequeued:
      if (!awaits_turn(self)) return false;
      self.output = Output::connecting;
      return true;
    case Event::connected:
      if (!awaits_connect(self)) return false;
      self.output = Output::open;
      return true;
    case Event::connect_failed:
      if (!awaits_connect(self) && !awaits_turn(self)) return false;
      note_first(session, First::unreachable, which);
      self.output = Output::broken;
      release(step, which, Hold::unreachable);
      if (held(peer)) release(step, other(which), Hold::passed_on);
      return true;
    case Event::pending:
      if (!reads(session, which) || peer.output != Output::open) return false;
      self.pending = true;
      return true;
    case Event::drained:
      if (!self.pending) return false;
      self.pending = false;
      return true;
    case Event::fin:
      if (!input_is_open(session, which) || not_there_yet(peer)) return false;
      self.input = Input::fin;
      note_first(session, First::fin, which);
      return true;
    case Event::reset:
    case Event::vanished:
      if (!input_is_open(session, which)) return false;
      fail_input(session, which, event == Event::reset ? Input::reset : Input::vanished);
      return true;
    case Event::refused:
    case Event::broke:
    case Event::lost:
      // Until the other side is connected nothing is written to this one: an error then is its failure (T3).
      if (!may_refuse(self) || not_there_yet(peer)) return false;
      self.output = event == Event::lost ? Output::lost : Output::broken;
      note_first(session, first_of_error(event), which);
      return true;
    case Event::acked:
      if (!held(self)) return false;
      if (self.output == Output::fin_sent) {
        self.output = Output::fin_acked;
        return true;
      }
      if (!flushes(session, which) || peer.pending) return false;
      release(step, which, Hold::passed_on);
      return true;
    case Event::deadline:
      if (final(session)) return false;
      pass_deadline(step);
      return true;
    case Event::stop:
      if (session.draining || final(session)) return false;
      session.draining = true;
      note_first(session, First::stop, Which::client);
      return true;
    case Event::abort:
      if (final(session)) return false;
      // At a stop, always. A second signal ends the drain time early.
      if (session.draining) session.limit = Deadline::drain;
      note_first(session, First::stop, Which::client);
      release_all(step, Hold::stopped);
      return true;
    case Event::abandon:
      if (final(session)) return false;
      note_first(session, First::abandoned, Which::client);
      release_all(step, Hold::abandoned);
      return true;
  }
  return false;
}

}  // namespace

std::optional<Step> step(const Session& session, Event event, Which side) {
  Step step{session, {}};
  if (!apply(step, event, side)) return std::nullopt;
  draw_consequences(step);
  begin_lingering(session, step);
  return step;
}

bool final(const Session& session) {
  return !held(session.side(Which::client)) && !held(session.side(Which::upstream));
}

bool reads(const Session& session, Which which) {
  const Side& self = session.side(which);
  const Side& sink = session.side(other(which));
  if (!input_is_open(session, which)) return false;
  if (takes_nothing(sink)) return true;
  // Before the sink is connected the bytes stay in the kernel (T3); while it is full they do too (T9).
  return !not_there_yet(sink) && !self.pending;
}

bool broken(const Session& session, Which which) { return broken(session.side(which)); }

bool discards(const Session& session, Which which) { return takes_nothing(session.side(other(which))); }

bool awaits_ack(const Session& session, Which which) {
  const Side& self = session.side(which);
  if (!held(self)) return false;
  // While its own flow is open there is no hurry: the acknowledgement is wanted for closing only.
  if (self.output == Output::fin_sent) return self.input != Input::open;
  return flushes(session, which) && !session.side(other(which)).pending;
}

bool lingers(const Session& session, Which which) {
  const Side& self = session.side(which);
  const bool nothing_is_owed = self.output == Output::fin_sent || self.output == Output::fin_acked || broken(self);
  return input_is_open(session, which) && nothing_is_owed && discards(session, which);
}

Deadline deadline(const Session& session) {
  if (final(session)) return Deadline::none;
  bool quiet = true;
  for (const Which which : kBoth) {
    const Side& side = session.side(which);
    if (awaits_greeting(side)) return Deadline::proxy_header;
    if (awaits_turn(side)) return Deadline::queue;
    if (awaits_connect(side)) return Deadline::connect;
    if (flushes(session, which)) return Deadline::reset_flush;
    if (lingers(session, which)) return Deadline::linger;
    quiet = quiet && side.input == Input::open && side.output == Output::open;
  }
  if (session.draining) return Deadline::drain;
  return quiet ? Deadline::idle : Deadline::half_close;
}

}  // namespace lastbyte::termination
