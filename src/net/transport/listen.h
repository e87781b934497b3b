// Listening sockets of TCP and UDP. (UNIX sockets have a file and a single queue: unix/listener.h.)
#pragma once

#include <vector>

#include "base/descriptor.h"
#include "base/result.h"
#include "net/address/address.h"
#include "net/address/endpoint.h"
#include "net/socket/options.h"

namespace lastbyte::net {

/// Calls listen_tcp() or listen_udp().
Result<std::vector<Descriptor>> listen_on(Transport transport, const Address& address, const ListenOptions& options,
                                          int count);

}  // namespace lastbyte::net
