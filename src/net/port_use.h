// How many local ports are spent on a destination (T13): what sock_diag(7) counts and the range they come from. For a
// thread that may wait a few milliseconds: the kernel walks its whole table of connections for each count.
#pragma once

#include <cstdint>
#include <span>

#include "base/result.h"
#include "net/address.h"
#include "net/ports.h"

namespace lastbyte::net {

/// Sockets of this network namespace, whoever's they are: ports are the host's.
struct PortUse {
  std::uint64_t sockets = 0;    ///< all that hold a port, TIME_WAIT included
  std::uint64_t time_wait = 0;  ///< of these
};

/// TCP sockets connected, or being connected, to `to` from one of `sources` (their ports do not matter); from anywhere
/// where there are none.
Result<PortUse> ports_in_use(const Address& to, std::span<const Address> sources);

/// net.ipv4.ip_local_port_range, of IPv6 too.
Result<PortRange> local_port_range();

}  // namespace lastbyte::net
