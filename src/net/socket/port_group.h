// Listening sockets that share one address and port, one per worker: the kernel distributes clients among them.
#pragma once

#include <functional>
#include <vector>

#include "base/descriptor.h"
#include "base/result.h"
#include "net/address/address.h"
#include "net/address/endpoint.h"
#include "net/socket/options.h"

namespace lastbyte::net {

/// Makes `count` listening sockets of TCP or UDP, non-blocking, all bound to one port. For port 0 the kernel picks one
/// port for all. 0.0.0.0 never listens on IPv6, and :: never on IPv4 (IPV6_V6ONLY). `prepare` does what a socket needs
/// before bind(2) beyond its options; may be empty.
///
/// SO_REUSEPORT would silently share the port with any other process of the same user that set it too. The first socket
/// therefore binds without it: in one step, the kernel refuses the bind if any other socket is there
/// (net/ipv4/inet_connection_sock.c inet_csk_get_port, net/ipv4/udp.c udp_lib_get_port). Only then does the socket set
/// SO_REUSEPORT for its siblings. It becomes the first of a group when the second one binds (net/core/sock_reuseport.c
/// reuseport_add_sock).
///
/// With `options.reuse_port` other processes may share the port on purpose, and the first socket joins theirs. It, too,
/// first tries without SO_REUSEPORT: once a socket was bound with it, the kernel lets others in even after the option
/// is taken back (tb->fastreuseport in inet_csk_get_port).
Result<std::vector<Descriptor>> make_port_group(Transport transport, const Address& address,
                                                const ListenOptions& options, int count,
                                                const std::function<Result<void>(int fd)>& prepare = {});

}  // namespace lastbyte::net
