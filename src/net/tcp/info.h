// The kernel's figures of a TCP connection, for an operator (TCP_INFO, SIOCINQ, SIOCOUTQ).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "net/address/address.h"

namespace lastbyte::net {

struct TcpInfo {
  Address local;
  Address peer;
  std::string_view state;            ///< "ESTABLISHED"
  std::uint32_t unread = 0;          ///< bytes received but not read
  std::uint32_t unacknowledged = 0;  ///< bytes in the send queue; a FIN counts as one
  std::uint32_t unsent = 0;          ///< part of `unacknowledged` that was never sent
  std::chrono::microseconds round_trip{0};
  std::uint32_t retransmissions = 0;           ///< segments, since the connection was made
  std::uint32_t congestion_window = 0;         ///< segments
  std::chrono::microseconds last_received{0};  ///< time since the last data arrived; millisecond precision
  std::chrono::microseconds last_sent{0};
};

/// nullopt: the descriptor is no TCP socket.
std::optional<TcpInfo> tcp_info(int fd);

}  // namespace lastbyte::net
