// Options and state of a TCP connection that is made, or on its way.
#pragma once

#include "net/socket/options.h"

namespace lastbyte::net {

/// Whether the connection's handshake is not over yet (TCP_INFO): with Fast Open bytes may move before that.
bool in_handshake(int fd);

/// SO_OOBINLINE: urgent data is read with the rest, in its place.
void set_urgent_inline(int fd);

/// Turns Nagle's algorithm off. For a connected side this is put off until its second write: Minshall's rule in
/// net/ipv4/tcp_output.c tcp_nagle_check delays only a small segment that follows another unacknowledged small one, so
/// that the first write never waits and short sessions are spared a system call.
void set_nodelay(int fd);

/// Turns keepalive on as asked: four system calls, so on the connecting side only once a session has lived for a while.
/// Does nothing where it is not enabled. Accepted sockets have it from their listener.
void apply_keepalive(int fd, const Keepalive& keepalive);

}  // namespace lastbyte::net
