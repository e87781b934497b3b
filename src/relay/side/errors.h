// The meaning of an errno on a socket for its peer. Pure.
#pragma once

#include <cerrno>

#include "termination/session.h"

namespace lastbyte::relay {

/// Nothing to read, or no room to write, now.
constexpr bool would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

/// The network or a timer of ours has given the peer up: it has said nothing itself.
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

/// Which event the end of an input is. `result`: what the read returned (0 or -1); `error`: the first errno latched on
/// this socket, that of the read included; 0: none. After an error was given to another call, a read returns 0 and
/// looks like a FIN (T10): `fin_came` (net::fin_has_come()) tells whether it is one, and matters only where `error` is
/// set. A splice(2) into the socket may even have swallowed the errno, after a partial write (fs/splice.c
/// splice_to_socket). After a splice, the caller therefore asks even if no errno is latched, and latches the one it
/// gets.
constexpr termination::Event event_of_input_end(long result, int error, bool fin_came) {
  using termination::Event;
  if (result == 0 && (error == 0 || fin_came)) return Event::fin;
  return has_vanished(error) ? Event::vanished : Event::reset;
}

/// Which event a write to a side is that failed with `error`.
constexpr termination::Event event_of_write_failure(int error) {
  return has_vanished(error) ? termination::Event::lost : termination::Event::refused;
}

/// Which event it is that a socket reports `error` without a read or a write. Where the input is open it is only
/// waiting for its sink: the bytes that came before a reset are still to be read. EPIPE is the errno of a reset that
/// came after a FIN (net/ipv4/tcp_input.c tcp_reset).
constexpr termination::Event event_of_report(int error, bool input_is_open) {
  const bool was_reset = input_is_open && error != EPIPE && !has_vanished(error);
  return was_reset ? termination::Event::broke : event_of_write_failure(error);
}

}  // namespace lastbyte::relay
