// Options and state of a TCP connection, made or under way.
#pragma once

#include "net/socket/options.h"

namespace lastbyte::net {

/// Whether the handshake is still under way (TCP_INFO). With Fast Open, bytes may be sent and received before it ends.
bool in_handshake(int fd);

/// Delays the last segment of the handshake, up to 200 ms, so that it travels with the first bytes sent instead of
/// ahead of them (net/ipv4/tcp_input.c tcp_rcv_synsent_state_process). Call it before connect(2). The server learns of
/// the connection and of its first bytes at once, which saves each end a segment and the server a wake-up.
void put_off_handshake_ack(int fd);
/// Sends the delayed segment now: there is nothing to send for a while, and the server may be the one that speaks
/// first.
void send_handshake_ack(int fd);

/// SO_OOBINLINE: urgent data is read with the rest, in sequence.
void set_urgent_inline(int fd);

/// Turns Nagle's algorithm off. A connected side does this only at its second write, which saves short sessions a
/// system call: Minshall's rule (net/ipv4/tcp_output.c tcp_nagle_check) delays only a small segment that follows
/// another unacknowledged small one, so that the first write never waits.
void set_nodelay(int fd);

/// Turns keepalive on, if it is enabled. This takes four system calls, so the connecting side does it only once a
/// session has lived for a while. Accepted sockets inherit it from their listener.
void apply_keepalive(int fd, const Keepalive& keepalive);

}  // namespace lastbyte::net
