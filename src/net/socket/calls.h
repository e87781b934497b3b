// Calls on sockets of any transport: those whose semantics the termination contract depends on, and those that return
// the addresses of both ends.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/descriptor.h"
#include "net/address/address.h"

namespace lastbyte::net {

/// When a TCP client sends the last segment of the handshake, which tells the server of the connection.
enum class HandshakeAck : std::uint8_t {
  at_once,
  put_off,  ///< see put_off_handshake_ack() of net/tcp/connection.h: the caller sends it, or data
};

/// A non-blocking socket whose connection is under way.
struct Connecting {
  Descriptor socket;
  bool connected = false;  ///< the connection was made at once
  std::size_t early = 0;   ///< bytes sent with the SYN
};

/// Whether other sockets of the same user may share the port of a listening socket (SO_REUSEPORT).
bool shares_port(int fd);
/// Allows or forbids that. On TCP, forbidding keeps nobody out once another socket has shared the port (port_group.h).
/// False: errno says why.
bool share_port(int fd, bool shared);

/// Bytes that the peer's kernel has not acknowledged yet; an unacknowledged FIN counts as 1 (SIOCOUTQ; net/ipv4/tcp.c
/// tcp_ioctl). Still correct after a reset: the kernel purges the queue but keeps the sequence numbers.
std::uint32_t unacknowledged(int fd);

/// Takes the socket's pending error (SO_ERROR); 0: none. The kernel reports it once (T10).
int take_error(int fd);

/// Closes the socket with an RST: SO_LINGER {1,0} right before close() (T7). A non-zero linger time is never used: it
/// blocks even non-blocking sockets.
void reset_and_close(Descriptor& socket);

/// The address that a socket is bound to; none() on error.
Address local_address(int fd);

/// The address that a socket is connected to; none() on error.
Address peer_address(int fd);

/// Whether a TCP or UDP socket has connected to itself (may_meet_itself() in diag/port_use.h).
bool is_its_own_peer(int fd);

}  // namespace lastbyte::net
