// Listening sockets of TCP.
#pragma once

#include <vector>

#include "base/descriptor.h"
#include "base/result.h"
#include "net/address/address.h"
#include "net/socket/options.h"

namespace lastbyte::net {

/// Listening sockets, `count` of them, non-blocking, all bound to the same address (SO_REUSEPORT when there are
/// several). An address that another process already listens on is an error even then, unless `options.reuse_port`.
/// See make_port_group() of socket/port_group.h.
Result<std::vector<Descriptor>> listen_tcp(const Address& address, const ListenOptions& options, int count);

}  // namespace lastbyte::net
