// Hearing a client's PROXY header (T3).
//
// Bytes that may be a header are peeked at in the kernel's queue (MSG_PEEK), and are read once they can be nothing
// else: as soon as the signature is whole, so that a small queue, or a mark of urgent data, does not keep the rest
// back; and to the header's last byte, not beyond. The bytes behind it are the client's, like all bytes that are no
// header. Each segment makes an edge, so that a header that comes byte by byte costs no waiting in between.
#pragma once

#include <string>
#include <variant>

#include "relay/side/side.h"
#include "relay/stream/greeting.h"

namespace lastbyte::relay {

/// The client's socket has failed, with this errno.
struct ClientFailed {
  int error = 0;
};
/// The client sent file descriptors with its header. The byte that they came with goes no further, and they would be
/// lost without a word (T14).
struct CarriesDescriptors {};

/// Await: its header is not whole yet. Plain: there is none, and none is needed. Header: it was read from the queue.
using Introduced = std::variant<Await, Plain, net::proxy_protocol::Header, Refused, ClientFailed, CarriesDescriptors>;

/// Looks at all that the client has sent so far. `room`: the worker's buffer. `coming` is not ended unless its FIN was
/// seen; a FIN that this look finds counts as well.
Introduced hear_client(Side& client, Greeting& greeting, Block& room, ProxyHeader mode, Coming coming);

}  // namespace lastbyte::relay
