// The kernel's information about a connection, and its TCP state from call to call.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "sock/operator/narrator.h"

namespace lastbyte::sock {

/// Figures from TCP_INFO. The kernel counts a SYN and a FIN as one acknowledged byte each.
struct TcpView {
  int state = 0;
  std::uint64_t bytes_acked = 0;       ///< own bytes that the peer acknowledged
  std::uint64_t bytes_received = 0;    ///< the peer's bytes that this host acknowledged, read or not
  std::uint64_t bytes_sent = 0;        ///< bytes of data sent, retransmissions included
  std::uint64_t bytes_sent_again = 0;  ///< bytes retransmitted
  std::uint32_t segments_sent_again = 0;
  std::uint32_t round_trip_us = 0;  ///< smoothed
  bool syn_carried_data = false;    ///< Fast Open: the peer accepted the data in the SYN
};

/// Bytes in the socket's queues; nullopt: the kernel does not report it.
struct QueueView {
  std::optional<int> unread;          ///< received but not yet read (SIOCINQ); UDP: the size of the next datagram
  std::optional<int> unacknowledged;  ///< SIOCOUTQ; an unacknowledged FIN counts as 1
  std::optional<int> unsent;          ///< the part of `unacknowledged` that was never sent (SIOCOUTQNSD); TCP only
};

/// Returns nullopt if `fd` is not a TCP socket.
std::optional<TcpView> look_at_tcp(int fd);
QueueView look_at_queues(int fd);
/// Returns whether the handshake is not complete: SYN_SENT, or with Fast Open not yet begun.
bool is_connecting(int fd);
/// Returns "ESTABLISHED", "CLOSE_WAIT", ...; "?" for an unknown state.
std::string_view state_name(int state);

/// Reports changes of a connection's TCP state. It misses changes between two looks, because the kernel keeps no
/// history.
class StateWatch {
 public:
  /// Reads the state and reports it if it has changed since the last look.
  void look(int fd, const Narrator& narrator);
  /// Returns whether the state may change without an event that poll(2) reports, for example by the acknowledgement of
  /// a FIN.
  [[nodiscard]] bool in_transit() const;

 private:
  int last_ = 0;
};

}  // namespace lastbyte::sock
