// Connecting by TCP.
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

/// Starts to connect; never blocks. `source`: none() for the kernel's choice. With default options this is socket() and
/// connect() and nothing else: TCP_NODELAY and keepalive are put off, see set_nodelay() and apply_keepalive(). `early`
/// goes with the SYN where the kernel holds a cookie (Fast Open, MSG_FASTOPEN), and Connecting::early tells how much of
/// it did. Whether it was taken is known only once the connection is made; until then the caller keeps it. (With
/// TCP_FASTOPEN_CONNECT the socket would be writable before its SYN is answered, and a shutdown() would undo it; T3.)
/// With `options.transparent`, `source` need not be an address of this machine. `inside`: the network namespace that
/// the socket is to be of; null: this thread's.
Result<Connecting> connect_tcp(const Address& to, const Source& source, const ConnectOptions& options,
                               std::span<const std::byte> early = {}, NamespaceThread* inside = nullptr,
                               HandshakeAck ack = HandshakeAck::at_once);

/// Whether the socket of connect_tcp() can be had, up to its connect(): with these options, from this source. A
/// source port that is in use is no error: it will be free again.
Result<void> check_connect_tcp(const Address& to, const Source& source, const ConnectOptions& options,
                               NamespaceThread* inside);

}  // namespace lastbyte::net
