#include "net/tcp/fin.h"

#include <linux/tcp.h>  // apart from <netinet/tcp.h>, whose tcp_info ends before tcpi_bytes_received
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <optional>

namespace lastbyte::net {

namespace {

// include/net/tcp_states.h
constexpr std::uint8_t kTimeWait = 6;
constexpr std::uint8_t kClosed = 7;
constexpr std::uint8_t kCloseWait = 8;
constexpr std::uint8_t kLastAck = 9;
constexpr std::uint8_t kClosing = 11;

/// nullopt: the descriptor is no TCP socket, or the kernel does not count bytes.
std::optional<tcp_info> info_of(int fd) {
  tcp_info info{};
  socklen_t length = sizeof info;
  if (::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) != 0) return std::nullopt;
  if (length < offsetof(tcp_info, tcpi_bytes_received) + sizeof info.tcpi_bytes_received) return std::nullopt;
  return info;
}

/// Whether the bytes received include a FIN, by the state of a connection that is not closed.
bool has_fin(const tcp_info& info) {
  const std::uint8_t state = info.tcpi_state;
  return state == kTimeWait || state == kCloseWait || state == kLastAck || state == kClosing;
}

}  // namespace

bool fin_has_come(int fd, std::optional<std::uint64_t> read) {
  const auto info = info_of(fd);
  if (!info) return false;
  return read ? info->tcpi_bytes_received > *read : info->tcpi_state != kClosed;
}

std::optional<std::uint64_t> passed_over(int fd, std::uint64_t read) {
  constexpr int kTries = 4;  // more bytes may arrive between two calls
  for (int tries = 0; tries < kTries; ++tries) {
    const auto before = info_of(fd);
    int unread = 0;  // without the FIN; with bytes past the mark: urgent data is inline (net/ipv4/tcp.c tcp_inq)
    if (::ioctl(fd, FIONREAD, &unread) != 0) return std::nullopt;
    const auto after = info_of(fd);
    if (!before || !after || after->tcpi_state == kClosed) return std::nullopt;
    if (before->tcpi_bytes_received != after->tcpi_bytes_received || has_fin(*before) != has_fin(*after)) continue;
    const std::uint64_t known = read + static_cast<std::uint64_t>(unread) + (has_fin(*after) ? 1U : 0U);
    if (after->tcpi_bytes_received < known) return std::nullopt;
    return after->tcpi_bytes_received - known;
  }
  return std::nullopt;
}

}  // namespace lastbyte::net
