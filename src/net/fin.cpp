#include <linux/tcp.h>  // apart from <netinet/tcp.h>, whose tcp_info ends before tcpi_bytes_received
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstddef>

#include "net/socket.h"

namespace lastbyte::net {

bool fin_has_come(int fd, std::uint64_t read) {
  tcp_info info{};
  socklen_t length = sizeof info;
  if (::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) != 0) return false;
  if (length < offsetof(tcp_info, tcpi_bytes_received) + sizeof info.tcpi_bytes_received) return false;
  return info.tcpi_bytes_received > read;
}

}  // namespace lastbyte::net
