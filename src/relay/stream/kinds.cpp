#include "relay/stream/kinds.h"

#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "net/socket/socket.h"
#include "net/unix/stream.h"
#include "relay/stream/session.h"

namespace lastbyte::relay {

using net::Transport;

namespace {

/// Over IPv4: 65,535 less the headers of IP and UDP (RFC 768, RFC 791).
constexpr std::size_t kMostInDatagram = 65'507;

std::size_t unread(int fd) {
  int bytes = 0;
  return ::ioctl(fd, FIONREAD, &bytes) == 0 && bytes > 0 ? static_cast<std::size_t>(bytes) : 0;
}

}  // namespace

void set_up(Side& side, const net::SocketOptions& options) {
  switch (side.kind) {
    case Transport::tcp: return;
    case Transport::udp: side.most_in_one_send = kMostInDatagram; return;
    case Transport::unix_stream:
      net::set_send_buffer(side.socket.get(), options);
      side.most_in_one_send = static_cast<std::uint32_t>(net::most_in_one_send(side.socket.get()));
      keep_urgent_inline(side);  // it is read until it is empty
      return;
  }
}

void keep_urgent_inline(Side& side) {
  if (side.urgent_is_inline || side.kind == Transport::udp) return;
  net::set_urgent_inline(side.socket.get());
  side.urgent_is_inline = true;
}

void expect_end(Side& side) {
  side.readable = side.hung_up = true;
  keep_urgent_inline(side);
}

std::size_t most_in_one_read(const Side& to) { return to.kind == Transport::udp ? kMostInDatagram : kBlockSize; }

bool may_splice(const Side& from, const Side& to) {
  return from.kind != Transport::udp && to.kind == Transport::tcp && !from.urgent;
}

bool carries_descriptors(const Side& from, const Side& to) {
  return from.kind == Transport::unix_stream && to.kind == Transport::unix_stream;
}

bool short_read_empties(const Side& from) { return from.kind == Transport::tcp && !from.urgent; }

bool only_tells_size(const Side& side, int error) { return side.kind == Transport::udp && error == EMSGSIZE; }

bool send_fin(Side& side) { return side.kind == Transport::udp || ::shutdown(side.socket.get(), SHUT_WR) == 0; }

std::uint64_t unacknowledged(Side& side) {
  if (side.kind != Transport::tcp) return 0;
  const std::uint64_t queued = net::unacknowledged(side.socket.get());
  if (queued != 0 || !side.fast_open) return queued;
  // Ahead of the end of the handshake SIOCOUTQ says 0 of whatever lies there (net/ipv4/tcp.c tcp_ioctl).
  if (net::in_handshake(side.socket.get())) return std::max<std::uint64_t>(side.sent, 1);
  side.fast_open = false;
  return 0;
}

bool only_last_byte_waits(const Side& side) {
  return side.kind == Transport::unix_stream && unread(side.socket.get()) == 1;
}

ssize_t read_and_forget(Side& side, Block& room, std::size_t most, bool keep_last_byte) {
  const int fd = side.socket.get();
  // With MSG_TRUNC, TCP throws the bytes away without copying them (tcp(7)); others only tell their number.
  if (side.kind == Transport::tcp) return ::recv(fd, nullptr, most, MSG_TRUNC);
  most = std::min(most, room.size());
  if (keep_last_byte && side.kind == Transport::unix_stream) {
    const std::size_t all = unread(fd);
    if (all > 1) most = std::min(most, all - 1);
  }
  return ::recv(fd, room.data(), most, 0);
}

bool fin_has_come(const Side& side, std::uint64_t read) {
  switch (side.kind) {
    case Transport::tcp:
      return net::fin_has_come(side.socket.get(), side.urgent_passed_over ? std::nullopt : std::optional(read));
    case Transport::unix_stream: return side.fin_told || !side.reset_told;
    case Transport::udp: return false;
  }
  return false;
}

bool tells_fin(const Side& side, std::uint32_t events) {
  return side.kind == Transport::unix_stream && (events & EPOLLRDHUP) != 0 && (events & (EPOLLHUP | EPOLLERR)) == 0;
}

void reset_and_close(Side& side) {
  // A UNIX socket has no other form than this: with input unread, the peer gets ECONNRESET (T14; net/unix/af_unix.c
  // unix_release_sock). A UDP socket has none.
  side.kind == Transport::tcp ? net::reset_and_close(side.socket) : side.socket.close();
}

}  // namespace lastbyte::relay
