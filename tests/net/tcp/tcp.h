// Shared by the tests of TCP sockets.
#pragma once

#include <poll.h>

#include "net/socket/calls.h"
#include "net/tcp/connect.h"
#include "net/tcp/listen.h"
#include "tests/harness/loopback.h"

namespace lastbyte::net::test {

inline const Address kLoopback = *Address::parse("127.0.0.1", 0);

inline bool has_ipv6() { return static_cast<bool>(listen_tcp(*Address::parse("::1", 0), {}, 1)); }

/// What a blocking caller would learn: 0 or the errno of the connection attempt.
inline int connect_error(const Address& address) {
  auto connecting = connect_tcp(address, {}, {});
  if (!connecting) return connecting.error().code;
  wait_for(connecting->socket.get(), POLLOUT);
  return take_error(connecting->socket.get());
}

}  // namespace lastbyte::net::test
