// What an errno on a socket says about its peer. Pure.
#pragma once

#include <cerrno>

#include "termination/session.h"

namespace lastbyte::relay {

/// Which event the end of an input is. `result`: what the read returned (0 or -1); `error`: the first errno latched on
/// this socket, that of the read included; 0: none. `fin_seen`: a FIN is known to have come before any error.
///
/// After an error was given to another call, a read returns 0 and looks like a FIN (T10). EPIPE alone stands for a FIN
/// that was here before the reset (net/ipv4/tcp_input.c tcp_reset: CLOSE_WAIT gives EPIPE).
constexpr termination::Event event_of_input_end(long result, int error, bool fin_seen) {
  using termination::Event;
  if (result == 0 && (error == 0 || error == EPIPE || fin_seen)) return Event::fin;
  switch (error) {
    case ETIMEDOUT:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EHOSTDOWN:
    case ENETDOWN:
    case ENONET:
    case EPROTO: return Event::vanished;
    default: return Event::reset;
  }
}

}  // namespace lastbyte::relay
