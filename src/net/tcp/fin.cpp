#include <linux/tcp.h>  // apart from <netinet/tcp.h>, whose tcp_info ends before tcpi_bytes_received
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstddef>
#include <cstdint>

#include "net/socket/socket.h"

namespace lastbyte::net {

namespace {

constexpr std::uint8_t kClosed = 7;  // TCP_CLOSE of include/net/tcp_states.h

}  // namespace

bool fin_has_come(int fd, std::optional<std::uint64_t> read) {
  tcp_info info{};
  socklen_t length = sizeof info;
  if (::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) != 0) return false;
  if (length < offsetof(tcp_info, tcpi_bytes_received) + sizeof info.tcpi_bytes_received) return false;
  return read ? info.tcpi_bytes_received > *read : info.tcpi_state != kClosed;
}

}  // namespace lastbyte::net
