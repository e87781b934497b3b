#include "termination/transition.h"

namespace lastbyte::termination {

using namespace side_state;

namespace {

/// Whether an error on the side is a refusal. It is one even when everything is acknowledged: the error may show before
/// the input is read again (T10).
bool may_refuse(const Side& side) { return held(side) && !not_there_yet(side) && !broken(side); }

void release(Step& step, Which which, Hold why) {
  step.session.side(which).hold = why;
  const bool resets = why == Hold::passed_on || why == Hold::rejected || why == Hold::aborted || why == Hold::limit ||
                      why == Hold::stopped || why == Hold::abandoned;
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

/// A failed socket fails in both directions: nothing can be written to it either.
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
    case Deadline::first_byte:
    case Deadline::queue:
    case Deadline::connect:
    case Deadline::idle:
    case Deadline::half_close: return release_all(step, Hold::limit);
    case Deadline::drain: return release_all(step, Hold::stopped);
    case Deadline::reset_flush: return release_all(step, Hold::passed_on);
    case Deadline::linger:
      // close() rather than a reset: the answer may still be in the send queue, and close() continues to deliver it
      // unless unread input prevents that (T6; net/ipv4/tcp.c __tcp_close).
      for (const Which side : kBoth) {
        if (!held(session.side(side))) continue;
        session.side(side).hold = Hold::limit;
        step.action(side).close = true;
      }
      return;
  }
}

/// Draws every consequence that follows from the state alone. One pass is enough: the exhaustive test verifies that it
/// leaves none, whichever side comes first.
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

    // Nothing more can come from the side, and nothing more can be sent to it.
    const bool finished = to.input == Input::fin && to.output == Output::fin_acked;
    const bool dead = to.input != Input::open && broken(to);
    if (held(to) && (finished || dead)) release(step, sink, Hold::done);
  }
}

/// T6: before a side whose peer may still send is closed, its input is read and discarded. With lingering off it is
/// closed at once.
void begin_lingering(const Session& before, Step& step) {
  for (const Which which : kBoth) {
    if (!lingers(step.session, which) || lingers(before, which)) continue;
    // A side that refused is read to its end even with lingering off: nothing is on its way to it that closing could
    // cut off (T5).
    if (step.session.linger || broken(step.session.side(which))) {
      step.action(which).linger = true;
    } else {
      release(step, which, Hold::done);
    }
  }
}

/// Changes the session as the event requires, without consequences. Returns false if the event is impossible.
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
    case Event::held_back:
      if (!awaits_connect(self)) return false;
      self.output = Output::unasked;
      return true;
    case Event::asked:
      if (!awaits_data(self)) return false;
      self.output = Output::connecting;
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
      if (held(self) && awaits_data(peer)) {
        self.input = Input::fin;
        note_first(session, First::fin, which);
        release_all(step, Hold::done);
        return true;
      }
      if (!input_is_open(session, which) || not_there_yet(peer)) return false;
      self.input = Input::fin;
      note_first(session, First::fin, which);
      return true;
    case Event::fin_aborts:
      // The last FIN of a session ends it anyhow.
      if (!input_is_open(session, which) || not_there_yet(peer) || !input_is_open(session, other(which))) return false;
      self.input = Input::aborted;
      self.output = Output::broken;
      note_first(session, First::fin, which);
      release(step, which, Hold::aborted);
      return true;
    case Event::reset:
    case Event::vanished:
      if (!input_is_open(session, which)) return false;
      fail_input(session, which, event == Event::reset ? Input::reset : Input::vanished);
      return true;
    case Event::refused:
    case Event::broke:
    case Event::lost:
      // Nothing is written to this side until the other side is connected, so an error before that is a failure (T3).
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
      // `draining` is always set during a stop; a second signal ends the drain time early.
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

}  // namespace lastbyte::termination
