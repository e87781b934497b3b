// The kernel's information about a connection, and its TCP state, watched from call to call.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "sock/operator/narrator.h"

namespace lastbyte::sock {

/// From TCP_INFO. The kernel counts a SYN and a FIN as one acknowledged byte each.
struct TcpView {
  int state = 0;
  std::uint64_t bytes_acked = 0;       ///< of ours, by the peer
  std::uint64_t bytes_received = 0;    ///< of the peer's, acknowledged by us, read or not
  std::uint64_t bytes_sent = 0;        ///< data only, those sent again included
  std::uint64_t bytes_sent_again = 0;  ///< retransmitted
  std::uint32_t segments_sent_again = 0;
  std::uint32_t round_trip_us = 0;  ///< smoothed
  bool syn_carried_data = false;    ///< Fast Open: the peer took the data in the SYN
};

/// Bytes in the socket's queues; nullopt where the kernel does not say.
struct QueueView {
  std::optional<int> unread;          ///< received and not yet read (SIOCINQ); UDP: size of the next datagram
  std::optional<int> unacknowledged;  ///< SIOCOUTQ; an unacknowledged FIN counts as 1
  std::optional<int> unsent;          ///< of these, never sent yet (SIOCOUTQNSD); TCP only
};

/// nullopt: not a TCP socket.
std::optional<TcpView> look_at_tcp(int fd);
QueueView look_at_queues(int fd);
/// The handshake is not over: SYN_SENT, or with Fast Open not even begun.
bool is_connecting(int fd);
/// "ESTABLISHED", "CLOSE_WAIT", ...; "?" for what is not a state.
std::string_view state_name(int state);

/// Tells each change of a connection's TCP state that is seen when looked at. Changes between two looks are missed:
/// the kernel keeps no history.
class StateWatch {
 public:
  /// Looks and tells if the state is another than at the last look.
  void look(int fd, const Narrator& narrator);
  /// The state may change without an event that poll(2) would report: a FIN that is acknowledged, for example.
  [[nodiscard]] bool in_transit() const;

 private:
  int last_ = 0;
};

}  // namespace lastbyte::sock
