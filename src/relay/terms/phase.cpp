#include "relay/terms/phase.h"

#include "termination/transition.h"

namespace lastbyte::relay {

Phase phase_of(termination::Session session) {
  session.draining = false;
  switch (termination::deadline(session)) {
    case termination::Deadline::proxy_header:
    case termination::Deadline::queue:
    case termination::Deadline::connect: return Phase::connecting;
    case termination::Deadline::idle: return Phase::open;
    case termination::Deadline::half_close:
    case termination::Deadline::drain:
    case termination::Deadline::none: return Phase::half_closed;
    case termination::Deadline::linger: return Phase::lingering;
    case termination::Deadline::reset_flush: return Phase::flushing;
  }
  return Phase::half_closed;
}

}  // namespace lastbyte::relay
