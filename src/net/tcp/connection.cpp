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

// The calls below are advice to the kernel. On a TCP socket they fail only if the connection is gone, and the next read
// or write reports that.
void put_off_handshake_ack(int fd) { set_integer(fd, IPPROTO_TCP, TCP_QUICKACK, 0); }

void send_handshake_ack(int fd) { set_integer(fd, IPPROTO_TCP, TCP_QUICKACK, 1); }

void set_urgent_inline(int fd) { set_integer(fd, SOL_SOCKET, SO_OOBINLINE, 1); }

void set_nodelay(int fd) { set_integer(fd, IPPROTO_TCP, TCP_NODELAY, 1); }

void apply_keepalive(int fd, const Keepalive& keepalive) {
  Options set(fd);
  set_keepalive(set, keepalive);
}

}  // namespace lastbyte::net
