// One socket of a session, and all that is known about it.
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

/// State that only some transports need. The functions of transport.h read and set it. Bits save space: each session
/// has two of these.
struct Quirks {
  bool nodelay = false;            ///< TCP: TCP_NODELAY is set
  bool spliced_into = false;       ///< TCP: an error of the socket may have been lost; see errors.h
  bool fin_told : 1 = false;       ///< UNIX: epoll reported the peer's FIN while the connection still stood
  bool reset_told : 1 = false;     ///< UNIX: some call met ECONNRESET
  bool reset_guessed : 1 = false;  ///< no call told the errno: an end without a FIN stands for ECONNRESET
  bool urgent = false;             ///< the peer has sent urgent data; reads stop at its mark
  bool urgent_is_inline = false;   ///< SO_OOBINLINE is set
  bool unsure_of_count = false;    ///< before it was set, reads may have passed over an unknown number of bytes (T1)
  bool fast_open = false;          ///< TCP: the handshake may not be over yet although bytes move
  std::uint32_t passed_over = 0;   ///< urgent bytes lost before it was set; the kernel counts them as received
  std::uint32_t most_in_one_send = kBlockSize;  ///< the most bytes given to one send()
  std::uint32_t queued = 0;  ///< bytes in the send queue, or in the peer's receive queue (UNIX), at the last look
};

struct Side {
  Descriptor socket;
  net::Transport kind = net::Transport::tcp;
  bool fin_sent = false;  ///< shutdown(SHUT_WR) succeeded
  Readiness ready;
  int error = 0;  ///< the first errno, whichever call saw it (T10)
  Quirks quirks;
  std::uint32_t in_flight = 0;  ///< descriptors sent to it that its peer may not have received yet
  Ledger ledger;
  Carrier carrier;                           ///< bytes from this side that wait for the other
  std::optional<net::PeerCredentials> peer;  ///< of a UNIX side; set when its socket is closed

  /// Remembers an errno (T10).
  void latch(int errno_value) {
    if (error == 0) error = errno_value;
    quirks.reset_told = quirks.reset_told || errno_value == ECONNRESET;
  }
};

}  // namespace lastbyte::relay
