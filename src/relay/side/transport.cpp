#include "relay/side/transport.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

#include "net/socket/calls.h"
#include "net/socket/passing.h"
#include "net/tcp/connection.h"
#include "net/tcp/fin.h"

namespace lastbyte::relay::transport {

using net::Transport;

namespace {

/// The largest payload over IPv4: 65,535 less the headers of IP and UDP (RFC 768, RFC 791).
constexpr std::size_t kMostInDatagram = 65'507;

std::size_t unread(int fd) {
  int bytes = 0;
  return ::ioctl(fd, FIONREAD, &bytes) == 0 && bytes > 0 ? static_cast<std::size_t>(bytes) : 0;
}

/// epoll reports RDHUP without HUP for a UNIX socket between a half-close and a close.
bool tells_fin(const Side& side, std::uint32_t events) {
  return side.kind == Transport::unix_stream && (events & EPOLLRDHUP) != 0 && (events & (EPOLLHUP | EPOLLERR)) == 0;
}

/// Counts the urgent bytes that reads may have passed over before SO_OOBINLINE was set.
void count_passed_over(Side& side) {
  if (side.kind != Transport::tcp) return;
  const auto passed = net::passed_over(side.socket.get(), side.ledger.read());
  side.quirks.passed_over = static_cast<std::uint32_t>(passed.value_or(0));
  side.quirks.unsure_of_count = !passed;
}

ssize_t send(Side& to, std::span<const std::byte> bytes) {
  return ::send(to.socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
}

}  // namespace

void set_up(Side& side, const net::SocketOptions& options) {
  switch (side.kind) {
    case Transport::tcp: return;
    case Transport::udp: side.quirks.most_in_one_send = kMostInDatagram; return;
    case Transport::unix_stream:
      net::set_send_buffer(side.socket.get(), options);
      side.quirks.most_in_one_send = static_cast<std::uint32_t>(net::most_in_one_send(side.socket.get()));
      keep_urgent_inline(side);  // UNIX sockets are read until they are empty
      return;
  }
}

void send_handshake_ack(Side& side) {
  if (side.kind == Transport::tcp) net::send_handshake_ack(side.socket.get());
}

void set_long_lived_options(Side& side, const net::SocketOptions& options) {
  if (!side.socket) return;
  keep_urgent_inline(side);
  net::apply_keepalive(side.socket.get(), options.keepalive);
}

void take_events(Side& side, std::uint32_t events) {
  side.ready.take(events);
  side.quirks.fin_told = side.quirks.fin_told || tells_fin(side, events);
  if ((events & EPOLLPRI) == 0) return;
  // A lone urgent byte raises no EPOLLIN until SO_OOBINLINE is set (net/ipv4/tcp.c tcp_poll).
  side.quirks.urgent = side.ready.readable = true;
  side.carrier.bulk = false;
  if (side.quirks.urgent_is_inline) return;
  keep_urgent_inline(side);
  count_passed_over(side);
}

bool fetch_events(Side& side) {
  if (!side.socket || side.ready.readable) return false;
  pollfd now{.fd = side.socket.get(), .events = POLLIN | POLLPRI | POLLRDHUP, .revents = 0};
  if (::poll(&now, 1, 0) != 1) return false;
  take_events(side, static_cast<std::uint16_t>(now.revents));  // the bits are those of epoll
  return side.ready.readable;
}

void keep_urgent_inline(Side& side) {
  if (side.quirks.urgent_is_inline || side.kind == Transport::udp) return;
  net::set_urgent_inline(side.socket.get());
  side.quirks.urgent_is_inline = true;
}

void expect_end(Side& side) {
  side.ready.readable = side.ready.hung_up = true;
  keep_urgent_inline(side);
}

std::size_t most_in_one_read(const Side& to) { return to.kind == Transport::udp ? kMostInDatagram : kBlockSize; }

bool may_splice(const Side& from, const Side& to) {
  return from.kind != Transport::udp && to.kind == Transport::tcp && !from.quirks.urgent;
}

bool carries_descriptors(const Side& from, const Side& to) {
  return from.kind == Transport::unix_stream && to.kind == Transport::unix_stream;
}

bool short_read_empties(const Side& from) { return from.kind == Transport::tcp && !from.quirks.urgent; }

bool empty_read_ends(const Side& from) { return from.kind != Transport::udp; }

bool only_tells_size(const Side& side, int error) { return side.kind == Transport::udp && error == EMSGSIZE; }

ssize_t read(Side& from, std::span<std::byte> room) { return ::recv(from.socket.get(), room.data(), room.size(), 0); }

ssize_t peek(Side& from, std::span<std::byte> room) {
  return ::recv(from.socket.get(), room.data(), room.size(), MSG_PEEK);
}

void prepare_write(Side& to) {
  if (to.quirks.nodelay || to.ledger.sent == 0) return;
  net::set_nodelay(to.socket.get());
  to.quirks.nodelay = true;
}

bool may_batch(const Side& to) { return to.kind != Transport::udp; }

ssize_t write(Side& to, std::span<const std::byte> bytes) {
  prepare_write(to);
  const ssize_t put = send(to, bytes);
  // The error belongs to an earlier datagram, and the first call has cleared it: send this one again.
  return put < 0 && only_tells_size(to, errno) ? send(to, bytes) : put;
}

ssize_t splice_in(Side& from, Pipe& pipe) {
  return ::splice(from.socket.get(), nullptr, pipe.write_end.get(), nullptr, kPipeSize,
                  SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
}

ssize_t splice_out(Pipe& pipe, Side& to, std::size_t most) {
  to.quirks.spliced_into = true;
  return ::splice(pipe.read_end.get(), nullptr, to.socket.get(), nullptr, most, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
}

ssize_t read_and_forget(Side& from, Block& room, std::size_t most, bool keep_last_byte) {
  const int fd = from.socket.get();
  // With MSG_TRUNC, TCP discards the bytes without copying them (tcp(7)); other sockets only report their number.
  if (from.kind == Transport::tcp) return ::recv(fd, nullptr, most, MSG_TRUNC);
  most = std::min(most, room.size());
  if (keep_last_byte && from.kind == Transport::unix_stream) {
    const std::size_t all = unread(fd);
    if (all > 1) most = std::min(most, all - 1);
  }
  return ::recv(fd, room.data(), most, 0);
}

bool only_last_byte_waits(const Side& from) {
  return from.kind == Transport::unix_stream && unread(from.socket.get()) == 1;
}

net::Ahead look_ahead(Side& from) { return net::look_ahead(from.socket.get()); }

bool takes_bytes_now(Side& to) { return net::takes_bytes_now(to.socket.get()); }

net::WithDescriptors read_with_descriptors(Side& from, std::span<std::byte> room) {
  return net::receive_with_descriptors(from.socket.get(), room);
}

ssize_t write_with_descriptors(Side& to, std::span<const std::byte> bytes, const std::vector<Descriptor>& descriptors) {
  return net::send_with_descriptors(to.socket.get(), bytes, descriptors);
}

void let_descriptors_pass(Side& side, bool allowed) { net::let_descriptors_pass(side.socket.get(), allowed); }

bool send_fin(Side& side) { return side.kind == Transport::udp || ::shutdown(side.socket.get(), SHUT_WR) == 0; }

std::uint64_t unacknowledged(Side& side) {
  if (side.kind != Transport::tcp) return 0;
  const std::uint64_t queued = net::unacknowledged(side.socket.get());
  if (queued != 0 || !side.quirks.fast_open) return queued;
  // Before the end of the handshake SIOCOUTQ is always 0 (net/ipv4/tcp.c tcp_ioctl).
  if (net::in_handshake(side.socket.get())) return std::max<std::uint64_t>(side.ledger.sent, 1);
  side.quirks.fast_open = false;
  return 0;
}

bool takes_bytes(Side& side) {
  if (!side.socket || side.ledger.sent == 0 || side.kind == Transport::udp) return false;
  std::uint64_t queued = unacknowledged(side);
  // An unacknowledged FIN counts as one byte (net/ipv4/tcp.c tcp_ioctl).
  if (queued > 0 && side.fin_sent) --queued;
  side.ledger.unacknowledged = static_cast<std::uint32_t>(std::min(queued, side.ledger.sent));  // SIOCOUTQ is an int
  // The record does not list the bytes that a UNIX peer has yet to read, but a falling number shows that the peer
  // reads.
  if (side.kind == Transport::unix_stream) queued = net::unacknowledged(side.socket.get());
  const auto now = static_cast<std::uint32_t>(queued);
  return std::exchange(side.quirks.queued, now) != now;
}

bool has_received_all(const Side& side) {
  // The count may still be 1 when epoll reports the edge of the last packet (net/core/sock.c sock_wfree).
  return net::unacknowledged(side.socket.get()) <= 1;
}

bool fin_has_come(const Side& side) {
  switch (side.kind) {
    case Transport::tcp:
      if (!side.quirks.unsure_of_count)
        return net::fin_has_come(side.socket.get(), side.ledger.read() + side.quirks.passed_over);
      // If the first errno is EPIPE, a reset came behind a FIN (net/ipv4/tcp_input.c tcp_reset), unless a splice may
      // have swallowed an earlier errno.
      if (side.error == EPIPE && !side.quirks.spliced_into) return true;
      return net::fin_has_come(side.socket.get(), std::nullopt);
    case Transport::unix_stream: return side.quirks.fin_told || !side.quirks.reset_told;
    case Transport::udp: return false;
  }
  return false;
}

int take_error(Side& side) { return net::take_error(side.socket.get()); }

bool is_its_own_peer(const Side& side) {
  return side.kind == Transport::tcp && net::is_its_own_peer(side.socket.get());
}

net::Address local_address(const Side& side) { return net::local_address(side.socket.get()); }

std::optional<net::PeerCredentials> credentials(const Side& side) {
  if (side.kind != Transport::unix_stream) return std::nullopt;
  return net::peer_credentials(side.socket.get());
}

std::uint64_t cookie(const Side& side) {
  std::uint64_t cookie = 0;
  socklen_t size = sizeof cookie;
  const bool asked =
      side.kind == Transport::tcp && ::getsockopt(side.socket.get(), SOL_SOCKET, SO_COOKIE, &cookie, &size) == 0;
  return asked ? cookie : 0;
}

void reset_and_close(Side& side) {
  // A UNIX socket has only this form of a reset: closed with unread input, it gives the peer ECONNRESET (T14;
  // net/unix/af_unix.c unix_release_sock). A UDP socket has none.
  side.kind == Transport::tcp ? net::reset_and_close(side.socket) : side.socket.close();
}

}  // namespace lastbyte::relay::transport
