#include "bench/socket.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace lastbyte::bench {
namespace {

template <typename T>
void set(int fd, int level, int option, const T& value) {
  if (::setsockopt(fd, level, option, &value, sizeof value) != 0) die_errno("setsockopt");
}

const sockaddr* generic(const sockaddr_in& address) { return reinterpret_cast<const sockaddr*>(&address); }

sockaddr_in loopback(std::uint8_t last_byte) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl((INADDR_LOOPBACK & 0xffffff00U) | last_byte);
  return address;
}

}  // namespace

void die(const std::string& what) {
  fmt::print(stderr, "{}: {}\n", program_invocation_short_name, what);
  std::exit(1);
}

void die_errno(const std::string& what) { die(fmt::format("{}: {}", what, std::strerror(errno))); }

sockaddr_in parse_address(const std::string& text) {
  const auto colon = text.rfind(':');
  if (colon == std::string::npos) die("'" + text + "' is not ADDRESS:PORT");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  if (::inet_pton(AF_INET, text.substr(0, colon).c_str(), &address.sin_addr) != 1) die("'" + text + "' is not IPv4");
  std::uint16_t port = 0;
  const auto* end = text.data() + text.size();
  if (std::from_chars(text.data() + colon + 1, end, port).ptr != end) die("'" + text + "' has no port");
  address.sin_port = htons(port);
  return address;
}

Descriptor listen_on_loopback(std::uint16_t& port) {
  Descriptor listener(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!listener) die_errno("socket");
  sockaddr_in address = loopback(1);
  socklen_t length = sizeof address;
  if (::bind(listener.get(), generic(address), length) != 0) die_errno("bind");
  if (::listen(listener.get(), SOMAXCONN) != 0) die_errno("listen");
  if (::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &length) != 0) die_errno("getsockname");
  port = ntohs(address.sin_port);
  return listener;
}

Descriptor connect_to(const sockaddr_in& address, std::uint8_t source) {
  Descriptor fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) die_errno("socket");
  const timeval patience{.tv_sec = 5, .tv_usec = 0};
  set(fd.get(), SOL_SOCKET, SO_RCVTIMEO, patience);
  set(fd.get(), SOL_SOCKET, SO_SNDTIMEO, patience);
  set(fd.get(), IPPROTO_TCP, TCP_NODELAY, 1);
  if (source != 0) {
    set(fd.get(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
    const sockaddr_in from = loopback(source);
    if (::bind(fd.get(), generic(from), sizeof from) != 0) die_errno("bind");
  }
  if (::connect(fd.get(), generic(address), sizeof address) != 0) die_errno("connect");
  return fd;
}

namespace {

Descriptor datagram_socket() {
  Descriptor fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd) die_errno("socket");
  // Large buffers: only the forwarder should lose datagrams, not its peers.
  const int room = 16 * 1024 * 1024;
  if (::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) != 0)
    set(fd.get(), SOL_SOCKET, SO_RCVBUF, room);
  return fd;
}

}  // namespace

Descriptor bind_on_loopback(std::uint16_t& port) {
  Descriptor fd = datagram_socket();
  sockaddr_in address = loopback(1);
  socklen_t length = sizeof address;
  if (::bind(fd.get(), generic(address), length) != 0) die_errno("bind");
  if (::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &length) != 0) die_errno("getsockname");
  port = ntohs(address.sin_port);
  return fd;
}

Descriptor datagrams_to(const sockaddr_in& address) {
  Descriptor fd = datagram_socket();
  if (::connect(fd.get(), generic(address), sizeof address) != 0) die_errno("connect");
  return fd;
}

void set_nonblocking(int fd) {
  if (::fcntl(fd, F_SETFL, O_NONBLOCK) != 0) die_errno("fcntl");
}

void watch(int epoll, int fd, std::uint32_t events, std::uint64_t data) {
  epoll_event event{.events = events, .data = {.u64 = data}};
  if (::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) die_errno("epoll_ctl");
}

void exchange(int fd, std::span<std::byte> message) {
  send_all(fd, message);
  const auto got = ::recv(fd, message.data(), message.size(), MSG_WAITALL);
  if (got < 0) die_errno("recv");
  if (got != std::ssize(message)) die("the connection ended before its answer");
}

void send_all(int fd, std::span<const std::byte> message) {
  if (::send(fd, message.data(), message.size(), MSG_NOSIGNAL) != std::ssize(message)) die_errno("send");
}

void ask_for(int fd, std::uint64_t bytes) { send_all(fd, std::as_bytes(std::span(&bytes, 1))); }

void receive(int fd, std::span<std::byte> room, std::uint64_t bytes) {
  while (bytes > 0) {
    const auto got = ::recv(fd, room.data(), std::min<std::uint64_t>(room.size(), bytes), 0);
    if (got <= 0) die_errno("a transfer ended early");
    bytes -= static_cast<std::uint64_t>(got);
  }
}

void reset(Descriptor& socket) {
  set(socket.get(), SOL_SOCKET, SO_LINGER, linger{.l_onoff = 1, .l_linger = 0});
  socket.close();
}

}  // namespace lastbyte::bench
