// Listening sockets that share one address and port, one for each worker: the kernel spreads clients over them.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/descriptor.h"
#include "base/result.h"
#include "net/address/address.h"

namespace lastbyte::net {

/// Whether a socket binds with SO_REUSEPORT.
enum class PortSharing : std::uint8_t { none, now };

/// `count` sockets on one port, each made by `make`. `shared`: with other processes too, on purpose. With port 0 the
/// kernel picks one for all.
///
/// SO_REUSEPORT would silently share the port with any other process of the same user that set it too. So the first
/// socket binds without it: the kernel refuses that in one step where any other socket is (net/ipv4/
/// inet_connection_sock.c inet_csk_get_port, net/ipv4/udp.c udp_lib_get_port). It is opened to its siblings only
/// afterwards, and becomes the first of a group when the second one binds (net/core/sock_reuseport.c
/// reuseport_add_sock).
Result<std::vector<Descriptor>> make_port_group(
    const Address& address, bool shared, int count,
    const std::function<Result<Descriptor>(const Address&, PortSharing)>& make);

}  // namespace lastbyte::net
