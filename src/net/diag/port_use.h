// How many local ports are spent on a destination (T13): what sock_diag(7) counts and the range they come from. For a
// thread that may wait a few milliseconds: the kernel walks its whole table of connections for each count.
#pragma once

#include <cstdint>
#include <span>

#include "base/result.h"
#include "net/address/address.h"
#include "net/address/ports.h"
#include "net/address/source.h"

namespace lastbyte::net {

/// Sockets of this network namespace, of all processes: the ports belong to the host.
struct PortUse {
  std::uint64_t sockets = 0;    ///< all that hold a port, TIME_WAIT included
  std::uint64_t time_wait = 0;  ///< of these
};

/// Counts the TCP sockets that are connected, or being connected, to `to` from one of `sources`; from anywhere if there
/// are none. The kernel filters them.
Result<PortUse> ports_in_use(const Address& to, std::span<const Source> sources);

/// net.ipv4.ip_local_port_range, of IPv6 too.
Result<PortRange> local_port_range();

/// Whether Linux might connect a socket to itself that is to connect to `to`: where nobody listens at a port of this
/// machine, it may choose that very port as the local one, and the two SYNs are one (RFC 9293 3.5, simultaneous open;
/// net/ipv4/tcp_input.c tcp_rcv_synsent_state_process). To whoever connects, that looks like a peer that sends
/// everything back. Not where `to` is no address of this network namespace, or no connection comes from its port.
bool may_meet_itself(const Address& to, std::span<const Source> sources);

}  // namespace lastbyte::net
