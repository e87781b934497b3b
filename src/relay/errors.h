// What an errno on a socket says about its peer. Pure.
#pragma once

#include <cerrno>

#include "termination/session.h"

namespace lastbyte::relay {

/// Which event the end of an input is. `result`: what the read returned (0 or -1); `error`: the first errno latched on
/// this socket, that of the read included; 0: none. After an error was given to another call, a read returns 0 and
/// looks like a FIN (T10): `fin_came` (net::fin_has_come()) tells whether it is one, and matters only where `error` is
/// set. A splice(2) into the socket may even have swallowed the errno, after a partial write (fs/splice.c
/// splice_to_socket): whoever has spliced asks where none is latched, too, and latches one.
constexpr termination::Event event_of_input_end(long result, int error, bool fin_came) {
  using termination::Event;
  if (result == 0 && (error == 0 || fin_came)) return Event::fin;
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
