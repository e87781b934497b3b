// The buffers for a worker's datagrams in transit. They are allocated once, and no datagram allocates anything.
#pragma once

#include <array>
#include <cstddef>

#include "net/datagram/io.h"
#include "relay/datagram/relay.h"

namespace lastbyte::relay {

/// One message of the outbox, with its session.
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
  int target = -1;  ///< the socket that the outbox is sent from
  std::array<Sending, net::DatagramOutbox::kMessages> sending;
  std::array<std::size_t, net::DatagramInbox::kSlots> next;  ///< by slot: the next slot of the same session
};

}  // namespace lastbyte::relay
