#include "relay/terms/phase.h"

namespace lastbyte::relay {

Phase phase_of(const termination::Session& session, termination::Deadline deadline) {
  switch (deadline) {
    case termination::Deadline::proxy_header:
    case termination::Deadline::first_byte:
    case termination::Deadline::queue:
    case termination::Deadline::connect: return Phase::connecting;
    case termination::Deadline::idle: return Phase::open;
    case termination::Deadline::drain: {
      termination::Session goes_on = session;
      goes_on.draining = false;
      return phase_of(goes_on);
    }
    case termination::Deadline::half_close:
    case termination::Deadline::none: return Phase::half_closed;
    case termination::Deadline::linger: return Phase::lingering;
    case termination::Deadline::reset_flush: return Phase::flushing;
  }
  return Phase::half_closed;
}

FlowState flow_state(const termination::Session& session, termination::Which source) {
  using termination::Input;
  using termination::Output;
  const termination::Side& from = session.side(source);
  const termination::Output sink = session.side(termination::other(source)).output;
  if (sink == Output::untried || sink == Output::unasked || sink == Output::connecting) return FlowState::waiting;
  const bool refused = sink == Output::broken || sink == Output::lost;
  if (from.input == Input::open)
    return termination::discards(session, source) ? FlowState::discarding : FlowState::open;
  if (from.pending) return FlowState::draining;
  return refused ? FlowState::refused : FlowState::ended;
}

}  // namespace lastbyte::relay
