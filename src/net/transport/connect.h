// A socket on its way to the upstream, of whatever transport.
#pragma once

#include "net/address/endpoint.h"
#include "net/socket/socket.h"

namespace lastbyte::net {

/// start_connecting() for every transport. UNIX and UDP sockets are connected at once or never: with UDP the kernel
/// only notes the address. `source` and `early` count for IP and TCP alone.
Result<Connecting> start_connecting(Transport transport, const Address& to, const Address& source,
                                    const ConnectOptions& options, std::span<const std::byte> early,
                                    NamespaceThread* inside);

/// check_connecting() for every transport. A UNIX socket has nothing to check.
Result<void> check_connecting(Transport transport, const Address& to, const Address& source,
                              const ConnectOptions& options, NamespaceThread* inside);

}  // namespace lastbyte::net
