// Counts the local ports used for a destination (T13), by sock_diag(7), and reads the range they come from. For a
// thread that may wait a few milliseconds: the kernel walks its whole table of connections for each count.
#pragma once

#include <cstdint>
#include <span>

#include "base/result.h"
#include "net/address/address.h"
#include "net/address/ports.h"
#include "net/address/source.h"

namespace lastbyte::net {

/// Sockets of this network namespace, of all processes: ports belong to the host, not to a process.
struct PortUse {
  std::uint64_t sockets = 0;    ///< all sockets that hold a port, TIME_WAIT included
  std::uint64_t time_wait = 0;  ///< part of `sockets`
};

/// Counts the TCP sockets connected or connecting to `to` from one of `sources`; empty: from anywhere. The kernel does
/// the filtering.
Result<PortUse> ports_in_use(const Address& to, std::span<const Source> sources);

/// net.ipv4.ip_local_port_range, which also applies to IPv6.
Result<PortRange> local_port_range();

/// Whether Linux might connect a socket to itself on connecting to `to`. If nobody listens at a port of this machine,
/// the kernel may choose that same port as the local one, and the two SYNs are one (RFC 9293 3.5, simultaneous open;
/// net/ipv4/tcp_input.c tcp_rcv_synsent_state_process). The connecting program then sees a peer that echoes everything.
/// False if `to` is no address of this network namespace, or if no connection comes from its port.
bool may_meet_itself(const Address& to, std::span<const Source> sources);

}  // namespace lastbyte::net
