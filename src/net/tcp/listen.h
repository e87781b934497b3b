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
/// 0.0.0.0 never listens on IPv6, and :: never on IPv4 (IPV6_V6ONLY). With port 0 the kernel picks one, the same for
/// all.
Result<std::vector<Descriptor>> listen_tcp(const Address& address, const ListenOptions& options, int count);

/// Those options that a listening TCP socket takes at any time: nodelay, keepalive, defer_accept, fast_open.
/// listen_tcp() has them set; this is for a listening socket that was handed in from outside. `address` is for the
/// error's text.
Result<void> apply_listen_options(int fd, const Address& address, const ListenOptions& options);

/// Makes a listening socket of TCP or UNIX, set up by listen_tcp() or apply_listen_options() with `from`, what `to`
/// says, for the connections that come from now on. Preconditions: can_change(from, to); the calling thread is in the
/// socket's network namespace.
Result<void> change_listen_options(int fd, const Address& address, const ListenOptions& from, const ListenOptions& to);

/// False: what `to` says takes a new socket. The interface is chosen when a socket is bound; before Linux 5.15 a buffer
/// that was sized once is not the kernel's to size again (SOCK_SNDBUF_LOCK, net/core/sock.c). What network namespace a
/// name in them stands for is for the caller to know.
bool can_change(const ListenOptions& from, const ListenOptions& to);

}  // namespace lastbyte::net
