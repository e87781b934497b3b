// The system calls on a session's sockets, and the differences between the transports of a side: TCP, UNIX stream,
// connected UDP. No other file of the relay calls the kernel for such a socket, so another way to move bytes, or
// another transport, has one place to go.
//
//                            TCP                       UNIX stream                UDP (an upstream only)
//   a short read             has emptied the queue     may end at descriptors     is one datagram
//   bytes that send() took   must be acknowledged      are in the peer's queue    are on their way; nobody reports
//   a read of 0              a FIN, or T10             the same                   an empty datagram
//   an end                   FIN                       FIN                        none: silence (see Times)
//   a failure is met         after the bytes before    after the bytes before     ahead of the datagrams before
//   a reset                  SO_LINGER {1,0}           close with unread input    none
//
// Functions that move bytes return what recv(2) and send(2) do: on failure -1, with errno set.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "net/unix/stream.h"
#include "relay/side/side.h"

namespace lastbyte::net {
struct SocketOptions;
}

namespace lastbyte::relay::transport {

/// Sets up a socket that has just been connected: its send buffer if accept() gave it none, and the most bytes for one
/// send().
void set_up(Side& side, const net::SocketOptions& options);

/// Tells the upstream of the connection when there is nothing to send to it now.
void send_handshake_ack(Side& side);

/// Sets the options that only long sessions need.
void set_long_lived_options(Side& side, const net::SocketOptions& options);

/// Takes what epoll reported.
void take_events(Side& side, std::uint32_t events);
/// Takes input, a FIN or an error that the loop has not fetched from epoll yet. Costs one poll(2). False: there is
/// none, or the side is readable already.
bool fetch_events(Side& side);

/// Makes reads return urgent data in its place (T1). Reads stop at the urgent mark, and skip the byte at the mark
/// unless SO_OOBINLINE is set (net/ipv4/tcp.c tcp_recvmsg_locked, net/unix/af_unix.c manage_oob). Call it before a read
/// that may begin at a mark: once EPOLLPRI has reported one, and if no event was awaited since the last read.
void keep_urgent_inline(Side& side);

/// Makes the session read the side to its true end after a call other than a read has met the error (T5). The events
/// for the input before the error may not have arrived yet.
void expect_end(Side& side);

/// The most bytes that one read from the other side may take so that `to` can send them whole: at most one datagram if
/// `to` sends datagrams.
std::size_t most_in_one_read(const Side& to);

/// Whether a flow may use splice(2). It may not pass an urgent mark: splice stops there for good, and reports the end
/// of the flow if the FIN has arrived already (net/ipv4/tcp.c tcp_read_sock, tcp_splice_read). It may never go into a
/// UNIX socket: a splice that has moved something drops the error that ends it (fs/splice.c splice_to_socket). TCP's
/// counters can then still tell a reset from a FIN; UNIX has no such counters. A splice out of a UNIX socket is
/// allowed; it drops descriptors.
bool may_splice(const Side& from, const Side& to);

/// Whether descriptors are passed on with the bytes (T14).
bool carries_descriptors(const Side& from, const Side& to);

/// Whether a read that did not fill its room has emptied the queue, so that the next bytes raise a new edge. It has not
/// if it may have stopped at an urgent mark; a mark that EPOLLPRI has not reported yet raises an edge of its own. A
/// UNIX socket ends a read behind bytes that came with descriptors (net/unix/af_unix.c unix_stream_read_generic).
bool short_read_empties(const Side& from);

/// Whether a read of 0 bytes means the end. UDP has empty datagrams.
bool empty_read_ends(const Side& from);

/// Whether an error is no failure but a path MTU report: ICMP tells a UDP socket that the path takes only smaller
/// packets, and the kernel fragments the next ones to fit (EMSGSIZE; net/ipv4/udp.c __udp4_lib_err).
bool only_tells_size(const Side& side, int error);

// Moving bytes. The caller owns `room` and `bytes`.
ssize_t read(Side& from, std::span<std::byte> room);
ssize_t peek(Side& from, std::span<std::byte> room);
/// Prepares and makes one send() of at most most_in_one_send bytes.
ssize_t write(Side& to, std::span<const std::byte> bytes);
/// Does what must precede a send: sets TCP_NODELAY before the second send to a TCP upstream.
void prepare_write(Side& to);
/// Whether a prepared send may join those of other sessions (SendBatch). A datagram may not, because its send may have
/// to be repeated.
bool may_batch(const Side& to);
ssize_t splice_in(Side& from, Pipe& pipe);
ssize_t splice_out(Pipe& pipe, Side& to, std::size_t most);

/// Reads at most `most` bytes and discards them. `room` is used if the kernel needs a buffer. With `keep_last_byte`,
/// the last byte of a UNIX socket's input stays, so that close() resets the peer (T14; unix_release_sock): do not call
/// it while only_last_byte_waits().
ssize_t read_and_forget(Side& from, Block& room, std::size_t most, bool keep_last_byte);
bool only_last_byte_waits(const Side& from);

// Descriptors between UNIX sockets; see net/unix/stream.h.
net::Ahead look_ahead(Side& from);
bool takes_bytes_now(Side& to);
net::WithDescriptors read_with_descriptors(Side& from, std::span<std::byte> room);
ssize_t write_with_descriptors(Side& to, std::span<const std::byte> bytes, const std::vector<Descriptor>& descriptors);
void let_descriptors_pass(Side& side, bool allowed);

/// shutdown(SHUT_WR). False: the connection is gone, and the FIN with it.
bool send_fin(Side& side);

/// Bytes that the peer's kernel has not acknowledged; 0 for UNIX sockets and datagrams. Bytes that send() accepted on a
/// UNIX socket are in the peer's receive queue, and stay there after our close. SIOCOUTQ would count the bytes that the
/// peer's *program* has not read (unix_outq_len). UDP reports nothing.
std::uint64_t unacknowledged(Side& side);

/// Counts the bytes that the peer's kernel has yet to acknowledge, and notes them in the ledger. True: the count has
/// changed since the last look, so the peer is slow but not silent.
bool takes_bytes(Side& side);

/// Whether a UNIX peer has received all that was sent to it, including descriptors. A partial count would tell nothing,
/// because SIOCOUTQ counts memory (net/unix/af_unix.c unix_outq_len).
bool has_received_all(const Side& side);

/// Whether the peer's FIN has come although a call also met an error (T10). TCP counts the FIN among the bytes
/// received. UNIX reports EPOLLRDHUP ahead of EPOLLHUP, if anybody looks in between; an error other than ECONNRESET has
/// not hidden a FIN.
bool fin_has_come(const Side& side);

/// SO_ERROR; 0: none. The kernel reports it only once (T10).
int take_error(Side& side);

/// Whether a TCP socket is connected to itself.
bool is_its_own_peer(const Side& side);

/// The local address of the socket.
net::Address local_address(const Side& side);

/// The process behind a UNIX socket; nullopt: the side is no UNIX socket.
std::optional<net::PeerCredentials> credentials(const Side& side);

/// SO_COOKIE of a TCP socket; 0: the side is no TCP socket.
std::uint64_t cookie(const Side& side);

/// Closes the socket in the form that tells the peer of a failure, if its transport has one (T7, T14).
void reset_and_close(Side& side);

}  // namespace lastbyte::relay::transport
