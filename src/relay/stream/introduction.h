// Receiving a client's PROXY header (T3).
//
// Bytes that may be a header are only peeked at in the kernel's queue (MSG_PEEK). They are read once they can be
// nothing else, that is, when the signature is complete: a small queue or an urgent mark then does not hold the rest
// back. Reading stops at the header's last byte. The bytes behind it are the client's, like all bytes that are no
// header. Each segment raises an edge, so a header that arrives byte by byte needs no polling.
#pragma once

#include <string>
#include <variant>

#include "relay/side/side.h"
#include "relay/stream/greeting.h"

namespace lastbyte::relay {

/// The client's socket failed with this errno.
struct ClientFailed {
  int error = 0;
};
/// The client sent file descriptors with its header. The byte that carried them is not passed on, so they would be lost
/// silently (T14).
struct CarriesDescriptors {};

/// Await: the header is incomplete. Plain: there is none, and none is needed. Header: it was read from the queue.
using Introduced = std::variant<Await, Plain, net::proxy_protocol::Header, Refused, ClientFailed, CarriesDescriptors>;

/// Examines all that the client has sent so far. `room`: the worker's buffer. `coming` is `ended` only if the client's
/// FIN was seen; a FIN found by this call counts as well.
Introduced hear_client(Side& client, Greeting& greeting, Block& room, ProxyHeader mode, Coming coming);

}  // namespace lastbyte::relay
