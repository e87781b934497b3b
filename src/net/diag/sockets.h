// Queries sock_diag(7) for sockets of the calling thread's network namespace, of all processes, and ends sockets in
// TIME_WAIT. For a thread that may wait some milliseconds: the kernel walks its whole table of connections.
#pragma once

#include <cstddef>
#include <functional>

#include "base/result.h"
#include "net/diag/filter.h"
#include "net/diag/socket.h"

namespace lastbyte::net::diag {

/// Calls `visit` with each socket that matches the filter. Sockets that come or go meanwhile may be missed or reported
/// twice. Needs no privilege; see Details::mark.
Result<void> for_each_socket(const Filter& filter, const std::function<void(const Socket&)>& visit);

/// Ends the sockets in TIME_WAIT that match the filter, whatever states it names (SOCK_DESTROY), and returns how many.
/// The kernel then no longer recognises late segments of those connections: a new connection with the same addresses
/// and ports may take them for its own (RFC 1337). Needs CAP_NET_ADMIN (EPERM). EOPNOTSUPP: the kernel was built
/// without support (CONFIG_INET_DIAG_DESTROY).
Result<std::size_t> destroy_time_wait(const Filter& filter);

}  // namespace lastbyte::net::diag
