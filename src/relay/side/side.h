// One socket of a session, and all that is known of it.
#pragma once

#include <cerrno>
#include <cstdint>
#include <optional>

#include "base/descriptor.h"
#include "net/address/endpoint.h"
#include "net/unix/stream.h"
#include "relay/context/pools.h"
#include "relay/side/ledger.h"
#include "relay/side/readiness.h"

namespace lastbyte::relay {

/// State that only some transports need. transport.h reads and sets it.
struct Quirks {
  bool nodelay = false;           ///< TCP: TCP_NODELAY is set
  bool spliced_into = false;      ///< TCP: an error of the socket may have been lost; see errors.h
  bool fin_told = false;          ///< UNIX: epoll told of the peer's FIN while the connection stood
  bool reset_told = false;        ///< UNIX: some call met ECONNRESET
  bool urgent = false;            ///< the peer has sent urgent data, at whose mark reads stop
  bool urgent_is_inline = false;  ///< SO_OOBINLINE is set
  bool unsure_of_count = false;   ///< bytes may have been passed over before it was (T1), nobody knows how many
  bool fast_open = false;         ///< TCP: the handshake may not be over yet although bytes move
  std::uint32_t passed_over = 0;  ///< urgent bytes that were lost before it was set, though the kernel counts them
  std::uint32_t most_in_one_send = kBlockSize;  ///< bytes that one send() is given at most
  std::uint32_t queued = 0;  ///< bytes in the send queue, or the peer's receive queue (UNIX), when last looked at
};

struct Side {
  Descriptor socket;
  net::Transport kind = net::Transport::tcp;
  bool fin_sent = false;  ///< shutdown(SHUT_WR) succeeded
  Readiness ready;
  int error = 0;  ///< T10: the first errno, whichever call saw it
  Quirks quirks;
  std::uint32_t in_flight = 0;  ///< descriptors that were sent to it, and that its peer may not have received yet
  Ledger ledger;
  Carrier carrier;                           ///< what came out of this side and waits for the other
  std::optional<net::PeerCredentials> peer;  ///< of a UNIX side, once its socket is closed

  /// Remembers an errno (T10).
  void latch(int errno_value) {
    if (error == 0) error = errno_value;
    quirks.reset_told = quirks.reset_told || errno_value == ECONNRESET;
  }
};

}  // namespace lastbyte::relay
