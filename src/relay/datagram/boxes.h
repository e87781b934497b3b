// Where a worker's datagrams are while they are on their way through it. Made once; nothing is allocated a datagram.
#pragma once

#include <array>
#include <cstddef>

#include "net/datagram/io.h"
#include "relay/datagram/relay.h"

namespace lastbyte::relay {

/// One message of the outbox, and its session.
struct Sending {
  DatagramSession* session = nullptr;
  termination::Which sink = termination::Which::client;
  std::size_t datagrams = 0;
  std::size_t bytes = 0;
  std::size_t segment = 0;
};

struct DatagramRelay::Boxes {
  net::DatagramInbox in;
  net::DatagramOutbox out;
  int target = -1;  ///< the socket that the outbox goes to
  std::array<Sending, net::DatagramOutbox::kMessages> sending;
  std::array<std::size_t, net::DatagramInbox::kSlots> next;  ///< the next slot of the same session
};

}  // namespace lastbyte::relay
