// What differs between the kinds of socket that a side may have: TCP, UNIX stream, connected UDP. Everything else of
// the relay is the same for all of them.
//
//                            TCP                       UNIX stream                UDP (an upstream only)
//   a short read             has emptied the queue     may end at descriptors     is one datagram
//   what send() took         must be acknowledged      is in the peer's queue     is on its way; nobody tells
//   a read of 0              a FIN, or T10             the same                   an empty datagram
//   an end                   FIN                       FIN                        none: silence (no_fin.cpp)
//   a failure is met         after the bytes before    after the bytes before     ahead of the datagrams before
//   a reset                  SO_LINGER {1,0}           close with unread input    none
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>

#include "relay/context/pools.h"

namespace lastbyte::net {
struct SocketOptions;
}

namespace lastbyte::relay {

struct Side;

/// Once the socket is connected: its send buffer where accept() gave it none, and how much one send() is given.
void set_up(Side& side, const net::SocketOptions& options);

/// Urgent data is data, and is delivered in its place (T1). Reads stop at its mark, and the byte at the mark is left
/// out unless SO_OOBINLINE is set (net/ipv4/tcp.c tcp_recvmsg_locked, net/unix/af_unix.c manage_oob). To be called
/// before a read that may begin at a mark: once EPOLLPRI has told of one, and where no event was waited for since the
/// last read.
void keep_urgent_inline(Side& side);

/// Has the side read to its true end, after a call that was no read has met its error: the events that would tell of
/// what lies before the error may not have been seen yet.
void expect_end(Side& side);

/// How much a read from the other side may take, so that `to` can take it whole: a datagram's most bytes where it sends
/// datagrams.
std::size_t most_in_one_read(const Side& to);

/// Whether a flow may go by splice(2). Not past a mark of urgent data, where splice stops for good, and says that the
/// flow has ended if its FIN is there already (net/ipv4/tcp.c tcp_read_sock, tcp_splice_read). Never into a UNIX
/// socket: a splice that has moved something drops the error that ends it (fs/splice.c splice_to_socket), and where
/// TCP's counters then tell a reset from a FIN, UNIX has nothing. Out of one it may; descriptors are dropped on the
/// way.
bool may_splice(const Side& from, const Side& to);

/// Whether descriptors are passed on with the bytes (T14).
bool carries_descriptors(const Side& from, const Side& to);

/// Whether a read that did not fill its room has emptied the queue, so that what comes next makes a new edge. Not where
/// it may have stopped at a mark; one that EPOLLPRI has not told of yet makes an edge of its own. A UNIX socket ends a
/// read behind bytes that came with descriptors (net/unix/af_unix.c unix_stream_read_generic).
bool short_read_empties(const Side& from);

/// Whether an error is no failure: that the way takes smaller packets is told to a UDP socket by ICMP, and what is sent
/// from then on is cut to fit (EMSGSIZE; net/ipv4/udp.c __udp4_lib_err).
bool only_tells_size(const Side& side, int error);

/// shutdown(SHUT_WR). False: the connection is gone, and the FIN with it.
bool send_fin(Side& side);

/// Bytes that the peer's kernel does not have yet. What send() on a UNIX socket took is in the peer's receive queue,
/// and stays there whatever becomes of our end: SIOCOUTQ would tell of what the peer's *program* has not read
/// (unix_outq_len). Of datagrams nobody tells.
std::uint64_t unacknowledged(Side& side);

/// Reads at most `most` bytes and throws them away. `room` is used where the kernel needs some. With `keep_last_byte`,
/// the last byte of a UNIX socket's input stays, so that close() tells the peer of a reset (T14; unix_release_sock):
/// not to be called while only_last_byte_waits().
ssize_t read_and_forget(Side& side, Block& room, std::size_t most, bool keep_last_byte);
bool only_last_byte_waits(const Side& side);

/// Whether the peer's FIN came, where an error was met as well (T10). TCP counts it; `read`: all bytes that were ever
/// read from the socket. UNIX tells with EPOLLRDHUP ahead of EPOLLHUP, if anybody looked in between; and an error that
/// is not ECONNRESET has not hidden one.
bool fin_has_come(const Side& side, std::uint64_t read);

/// What epoll says about a FIN. A UNIX socket gives RDHUP without HUP to whoever looks between a half-close and a
/// close.
bool tells_fin(const Side& side, std::uint32_t events);

/// close() in the form that tells the peer of a failure, as far as there is one.
void reset_and_close(Side& side);

}  // namespace lastbyte::relay
