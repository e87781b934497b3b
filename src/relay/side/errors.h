// What an errno on a socket says about its peer. Pure.
#pragma once

#include <cerrno>

#include "termination/session.h"

namespace lastbyte::relay {

/// Nothing to read, or no room to write, for now.
constexpr bool would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

/// The network or one of our timers has given up the peer: the peer itself has reported nothing.
constexpr bool has_vanished(int error) {
  switch (error) {
    case ETIMEDOUT:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EHOSTDOWN:
    case ENETDOWN:
    case ENONET:
    case EPROTO: return true;
    default: return false;
  }
}

/// The event for the end of an input. `result`: what the read returned (0 or -1). `error`: the first errno latched on
/// this socket, including that of the read; 0: none. Once another call has taken the error, a read returns 0, which
/// looks like a FIN (T10): `fin_came` (net::fin_has_come()) tells whether it is one, and matters only if `error` is
/// set. A splice(2) into the socket may even have swallowed the errno, after a partial write (fs/splice.c
/// splice_to_socket). After a splice, the caller therefore asks for the FIN even if no errno is latched, and latches
/// ECONNRESET if none has come.
constexpr termination::Event event_of_input_end(long result, int error, bool fin_came) {
  using termination::Event;
  if (result == 0 && (error == 0 || fin_came)) return Event::fin;
  return has_vanished(error) ? Event::vanished : Event::reset;
}

/// The event for a write to a side that failed with `error`.
constexpr termination::Event event_of_write_failure(int error) {
  return has_vanished(error) ? termination::Event::lost : termination::Event::refused;
}

/// The event for an `error` that a socket reports outside of reads and writes. An input that is still open waits only
/// for its sink: the bytes before the reset must still be read. EPIPE is the errno of a reset that came after a FIN
/// (net/ipv4/tcp_input.c tcp_reset).
constexpr termination::Event event_of_report(int error, bool input_is_open) {
  const bool was_reset = input_is_open && error != EPIPE && !has_vanished(error);
  return was_reset ? termination::Event::broke : event_of_write_failure(error);
}

}  // namespace lastbyte::relay
