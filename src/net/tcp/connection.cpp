#include "net/tcp/connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "net/socket/set_options.h"

namespace lastbyte::net {

bool in_handshake(int fd) {
  tcp_info info{};
  socklen_t length = sizeof info;
  if (::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) != 0) return false;
  return info.tcpi_state == TCP_SYN_SENT || info.tcpi_state == TCP_SYN_RECV;
}

void set_urgent_inline(int fd) { set_integer(fd, SOL_SOCKET, SO_OOBINLINE, 1); }

// The next two are advice to the kernel: on a TCP socket they fail only where the connection is gone already, and then
// the next read or write says so.
void set_nodelay(int fd) { set_integer(fd, IPPROTO_TCP, TCP_NODELAY, 1); }

void apply_keepalive(int fd, const Keepalive& keepalive) {
  Options set(fd);
  set_keepalive(set, keepalive);
}

}  // namespace lastbyte::net
