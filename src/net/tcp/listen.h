// Listening TCP sockets.
#pragma once

#include <vector>

#include "base/descriptor.h"
#include "base/result.h"
#include "net/address/address.h"
#include "net/socket/options.h"

namespace lastbyte::net {

/// Makes `count` listening sockets, non-blocking, all bound to the same address (with SO_REUSEPORT if there are
/// several). An address that another process listens on is an error even then, unless `options.reuse_port`. See
/// make_port_group() of socket/port_group.h.
Result<std::vector<Descriptor>> listen_tcp(const Address& address, const ListenOptions& options, int count);

}  // namespace lastbyte::net
