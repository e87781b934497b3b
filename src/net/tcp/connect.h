// TCP connections to the upstream.
#pragma once

#include <cstddef>
#include <span>

#include "base/result.h"
#include "net/address/address.h"
#include "net/address/source.h"
#include "net/socket/calls.h"
#include "net/socket/options.h"

namespace lastbyte::net {

class NamespaceThread;  // net/namespace/thread.h

/// Starts to connect; never blocks. `source`: none() for the kernel's choice. With default options this calls only
/// socket() and connect(); TCP_NODELAY and keepalive are put off, see set_nodelay() and apply_keepalive(). The kernel
/// sends `early` with the SYN if it holds a cookie (Fast Open, MSG_FASTOPEN), and Connecting::early says how much of
/// it. Whether the peer took it is known only once the connection is made; the caller must keep it until then. (With
/// TCP_FASTOPEN_CONNECT the socket would be writable before its SYN is answered, and a shutdown() would undo it; T3.)
/// With `options.transparent`, `source` need not be an address of this machine. `inside`: the network namespace of the
/// socket; null: this thread's.
Result<Connecting> connect_tcp(const Address& to, const Source& source, const ConnectOptions& options,
                               std::span<const std::byte> early = {}, NamespaceThread* inside = nullptr,
                               HandshakeAck ack = HandshakeAck::at_once);

/// Checks the steps of connect_tcp() before its connect(): whether the socket can be made with these options, from this
/// source. A source port in use is no error: it will be free again.
Result<void> check_connect_tcp(const Address& to, const Source& source, const ConnectOptions& options,
                               NamespaceThread* inside);

}  // namespace lastbyte::net
