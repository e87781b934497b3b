// Options and state of a TCP connection that is made, or on its way.
#pragma once

#include "net/socket/options.h"

namespace lastbyte::net {

/// Whether the connection's handshake is not over yet (TCP_INFO): with Fast Open bytes may move before that.
bool in_handshake(int fd);

/// Has the last segment of the handshake wait for what is sent first, instead of one ahead of it, or for 200 ms
/// (net/ipv4/tcp_input.c tcp_rcv_synsent_state_process). To be called before connect(2). The server learns of the
/// connection and of its first bytes at once, which spares both ends a segment, and the server a wake-up.
void put_off_handshake_ack(int fd);
/// Sends it now: nothing is to be sent for a while, and the server may be the one that speaks first.
void send_handshake_ack(int fd);

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
