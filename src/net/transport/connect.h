// Connecting to the upstream, over each transport.
#pragma once

#include <span>

#include "net/address/endpoint.h"
#include "net/address/source.h"
#include "net/socket/calls.h"
#include "net/socket/options.h"

namespace lastbyte::net {

class NamespaceThread;  // net/namespace/thread.h

/// Calls connect_tcp(), connect_udp() or connect_unix(). UNIX and UDP sockets connect or fail at once: with UDP the
/// kernel only stores the address. `source` applies to IP only, `early` and `ack` to TCP only.
Result<Connecting> start_connecting(Transport transport, const Address& to, const Source& source,
                                    const ConnectOptions& options, std::span<const std::byte> early,
                                    NamespaceThread* inside, HandshakeAck ack = HandshakeAck::at_once);

/// Calls check_connect_tcp() or check_connect_udp(). A UNIX socket has nothing to check.
Result<void> check_connecting(Transport transport, const Address& to, const Source& source,
                              const ConnectOptions& options, NamespaceThread* inside);

}  // namespace lastbyte::net
