// The system calls on the sockets of a session, and what differs between the transports that a side may have: TCP,
// UNIX stream, connected UDP. Nothing else in this room calls the kernel for such a socket, so that another mover of
// bytes, or another transport, has one place to stand in.
//
//                            TCP                       UNIX stream                UDP (an upstream only)
//   a short read             has emptied the queue     may end at descriptors     is one datagram
//   bytes that send() took   must be acknowledged      are in the peer's queue    are on their way; nobody reports
//   a read of 0              a FIN, or T10             the same                   an empty datagram
//   an end                   FIN                       FIN                        none: silence (see Times)
//   a failure is met         after the bytes before    after the bytes before     ahead of the datagrams before
//   a reset                  SO_LINGER {1,0}           close with unread input    none
//
// Functions that move bytes return as recv(2) and send(2) do: -1, and errno is set.
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

/// Sets up a socket that has just been connected: its send buffer where accept() gave it none, and how much one send()
/// is given.
void set_up(Side& side, const net::SocketOptions& options);

/// The upstream is connected, and nothing is to be sent to it now: it learns of the connection.
void send_handshake_ack(Side& side);

/// Sets up the options that only long sessions need.
void set_long_lived_options(Side& side, const net::SocketOptions& options);

/// Takes what epoll reported.
void take_events(Side& side, std::uint32_t events);
/// Takes input, a FIN or an error that the loop has not fetched from epoll yet. False: there is none, or the side is
/// readable already. poll(2), one call.
bool fetch_events(Side& side);

/// Makes reads return urgent data in its place (T1). Reads stop at its mark, and the byte at the mark is left out
/// unless SO_OOBINLINE is set (net/ipv4/tcp.c tcp_recvmsg_locked, net/unix/af_unix.c manage_oob). To be called before a
/// read that may begin at a mark: once EPOLLPRI has told of one, and where no event was waited for since the last read.
void keep_urgent_inline(Side& side);

/// Has the side read to its true end, after a call that was no read has met its error (T5): the events that would tell
/// of what lies before the error may not have been seen yet.
void expect_end(Side& side);

/// How many bytes a read from the other side may take, so that `to` can take them whole: at most a datagram where `to`
/// sends datagrams.
std::size_t most_in_one_read(const Side& to);

/// Whether a flow may go by splice(2). Not past a mark of urgent data, where splice stops for good, and says that the
/// flow has ended if its FIN is there already (net/ipv4/tcp.c tcp_read_sock, tcp_splice_read). Never into a UNIX
/// socket: a splice that has moved something drops the error that ends it (fs/splice.c splice_to_socket), and where
/// TCP's counters then tell a reset from a FIN, UNIX has nothing. Out of one it may; descriptors are dropped on the
/// way.
bool may_splice(const Side& from, const Side& to);

/// Whether descriptors are passed on with the bytes (T14).
bool carries_descriptors(const Side& from, const Side& to);

/// Whether a read that did not fill its room has emptied the queue, so that the next bytes make a new edge. Not where
/// it may have stopped at a mark; one that EPOLLPRI has not told of yet makes an edge of its own. A UNIX socket ends a
/// read behind bytes that came with descriptors (net/unix/af_unix.c unix_stream_read_generic).
bool short_read_empties(const Side& from);

/// Whether a read of nothing is an end. UDP has empty datagrams.
bool empty_read_ends(const Side& from);

/// Whether an error is no failure: ICMP tells a UDP socket that the way takes smaller packets only, and the kernel cuts
/// the next ones to fit (EMSGSIZE; net/ipv4/udp.c __udp4_lib_err).
bool only_tells_size(const Side& side, int error);

// Moving bytes. `room` and `bytes` are the caller's.
ssize_t read(Side& from, std::span<std::byte> room);
ssize_t peek(Side& from, std::span<std::byte> room);
/// One send() of at most most_in_one_send bytes, prepared.
ssize_t write(Side& to, std::span<const std::byte> bytes);
/// What must be done before a send: before the second one of a TCP upstream, TCP_NODELAY is set.
void prepare_write(Side& to);
/// Whether a send may be carried out with those of other sessions (SendBatch) once it is prepared. Not of a datagram,
/// whose send may have to be repeated.
bool may_batch(const Side& to);
ssize_t splice_in(Side& from, Pipe& pipe);
ssize_t splice_out(Pipe& pipe, Side& to, std::size_t most);

/// Reads at most `most` bytes and throws them away. `room` is used where the kernel needs some. With `keep_last_byte`,
/// the last byte of a UNIX socket's input stays, so that close() tells the peer of a reset (T14; unix_release_sock):
/// not to be called while only_last_byte_waits().
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

/// Bytes that the peer's kernel does not have yet; 0 for UNIX sockets and datagrams. Bytes that send() on a UNIX socket
/// accepted are in the peer's receive queue and stay there after our close. SIOCOUTQ would count the bytes that the
/// peer's *program* has not read (unix_outq_len). UDP reports nothing.
std::uint64_t unacknowledged(Side& side);

/// Looks at what the peer's kernel has yet to acknowledge, and notes it in the ledger. True: it has changed since the
/// last look, so the peer is slow but not silent.
bool takes_bytes(Side& side);

/// Whether a UNIX peer has received all that was sent to it, descriptors included. Less would tell nothing: SIOCOUTQ
/// counts memory (net/unix/af_unix.c unix_outq_len).
bool has_received_all(const Side& side);

/// Whether the peer's FIN came, where a call met an error as well (T10). TCP counts it among the bytes it received.
/// UNIX tells with EPOLLRDHUP ahead of EPOLLHUP, if anybody looked in between; and an error that is not ECONNRESET has
/// not hidden one.
bool fin_has_come(const Side& side);

/// SO_ERROR; 0: none. The kernel gives it once (T10).
int take_error(Side& side);

/// Whether a TCP connection was made to the connecting socket itself.
bool is_its_own_peer(const Side& side);

/// The address of our end.
net::Address local_address(const Side& side);

/// The process behind a UNIX socket; nullopt: the side is none.
std::optional<net::PeerCredentials> credentials(const Side& side);

/// SO_COOKIE of a TCP socket; 0: it is none.
std::uint64_t cookie(const Side& side);

/// close() in the form that tells the peer of a failure, as far as there is one (T7, T14).
void reset_and_close(Side& side);

}  // namespace lastbyte::relay::transport
