// bench_origin: the server behind the measured proxies. It has three ports, chosen by the kernel and printed as one line
// of JSON:
//   echo   sends back what it receives (small messages), and closes when the client has finished
//   udp    the same for datagrams
//   bulk   sends as many bytes as each received 8-byte count says (host byte order)
// The program ends with its standard input.
#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <unordered_map>
#include <vector>

#include "bench/socket.h"

namespace lastbyte::bench {
namespace {

constexpr std::size_t kBulkChunk = 256 * 1024;
constexpr std::size_t kBulkTurn = 1024 * 1024;  ///< one connection's share before it is the others' turn

enum class Service : std::uint8_t { input, echo_listener, bulk_listener, echo, bulk, datagrams };

struct Connection {
  Descriptor fd;
  std::uint64_t owed = 0;  ///< bulk bytes still to send
  bool watches_output = false;
};

/// Echoes many datagrams per call, so that the origin is never the bottleneck.
class Datagrams {
 public:
  void echo(int fd) {
    for (std::size_t i = 0; i < kBatch; ++i) {
      parts_[i] = {bytes_.data() + i * kLargest, kLargest};
      headers_[i].msg_hdr = {.msg_name = &names_[i],
                             .msg_namelen = sizeof names_[i],
                             .msg_iov = &parts_[i],
                             .msg_iovlen = 1,
                             .msg_control = nullptr,
                             .msg_controllen = 0,
                             .msg_flags = 0};
    }
    const int got = ::recvmmsg(fd, headers_.data(), kBatch, MSG_DONTWAIT, nullptr);
    for (int i = 0; i < got; ++i)
      parts_[static_cast<std::size_t>(i)].iov_len = headers_[static_cast<std::size_t>(i)].msg_len;
    for (int sent = 0; sent < got;) {
      const int now = ::sendmmsg(fd, headers_.data() + sent, static_cast<unsigned>(got - sent), 0);
      sent += now > 0 ? now : 1;  // skip a datagram that its client no longer accepts
    }
  }

 private:
  static constexpr std::size_t kBatch = 64;
  static constexpr std::size_t kLargest = 2048;
  std::vector<std::byte> bytes_ = std::vector<std::byte>(kBatch * kLargest);
  std::array<iovec, kBatch> parts_{};
  std::array<sockaddr_in, kBatch> names_{};
  std::array<mmsghdr, kBatch> headers_{};
};

class Origin {
 public:
  Origin() : epoll_(::epoll_create1(EPOLL_CLOEXEC)), chunk_(kBulkChunk) {}

  void serve() {
    std::uint16_t echo_port = 0;
    std::uint16_t bulk_port = 0;
    const Descriptor echo_listener = listen_on_loopback(echo_port);
    const Descriptor bulk_listener = listen_on_loopback(bulk_port);
    std::uint16_t udp_port = 0;
    const Descriptor datagrams = bind_on_loopback(udp_port);
    watch(epoll_.get(), datagrams.get(), EPOLLIN, tag(Service::datagrams, datagrams.get()));
    watch(epoll_.get(), STDIN_FILENO, EPOLLIN, tag(Service::input, STDIN_FILENO));
    watch(epoll_.get(), echo_listener.get(), EPOLLIN, tag(Service::echo_listener, echo_listener.get()));
    watch(epoll_.get(), bulk_listener.get(), EPOLLIN, tag(Service::bulk_listener, bulk_listener.get()));
    fmt::print("{{\"echo\": {}, \"bulk\": {}, \"udp\": {}}}\n", echo_port, bulk_port, udp_port);
    std::fflush(stdout);

    std::array<epoll_event, 256> events{};
    for (;;) {
      const int ready = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), -1);
      for (int i = 0; i < ready; ++i) {
        const auto data = events[static_cast<std::size_t>(i)].data.u64;
        const int fd = static_cast<int>(data & 0xffffffffU);
        switch (static_cast<Service>(data >> 32U)) {
          case Service::input: return;
          case Service::echo_listener: accept_from(fd, Service::echo); break;
          case Service::bulk_listener: accept_from(fd, Service::bulk); break;
          case Service::echo: echo(fd); break;
          case Service::bulk: bulk(fd); break;
          case Service::datagrams: datagrams_.echo(fd); break;
        }
      }
    }
  }

 private:
  static std::uint64_t tag(Service service, int fd) {
    return static_cast<std::uint64_t>(service) << 32U | static_cast<std::uint32_t>(fd);
  }

  void accept_from(int listener, Service service) {
    Descriptor fd(::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd) {
      if (errno == EAGAIN || errno == ECONNABORTED) return;
      die_errno("accept");
    }
    watch(epoll_.get(), fd.get(), EPOLLIN, tag(service, fd.get()));
    const int number = fd.get();
    connections_[number] = Connection{.fd = std::move(fd)};
  }

  void echo(int fd) {
    const auto got = ::recv(fd, chunk_.data(), chunk_.size(), 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
      connections_.erase(fd);
      return;
    }
    const auto sent = ::send(fd, chunk_.data(), static_cast<std::size_t>(got), MSG_NOSIGNAL);
    if (sent < 0) connections_.erase(fd);
    if (sent >= 0 && sent < got) die("echo: a small message did not fit the socket; it is for small ones only");
  }

  void bulk(int fd) {
    auto& connection = connections_.at(fd);
    std::uint64_t count = 0;
    const auto got = ::recv(fd, &count, sizeof count, 0);
    if (got == sizeof count) connection.owed += count;
    const bool ended = got == 0 || (got < 0 && errno != EAGAIN);
    if (ended || !send_owed(connection)) connections_.erase(fd);
  }

  /// Returns false if the connection has failed.
  bool send_owed(Connection& connection) {
    bool full = false;
    for (std::size_t turn = 0; connection.owed > 0 && turn < kBulkTurn && !full;) {
      const auto want = std::min<std::uint64_t>(connection.owed, chunk_.size());
      const auto sent = ::send(connection.fd.get(), chunk_.data(), want, MSG_NOSIGNAL);
      full = sent < 0;
      if (full && errno != EAGAIN) return false;
      if (full) break;
      connection.owed -= static_cast<std::uint64_t>(sent);
      turn += static_cast<std::size_t>(sent);
    }
    if (const bool more = connection.owed > 0; more != connection.watches_output) {
      connection.watches_output = more;
      epoll_event event{.events = more ? EPOLLIN | EPOLLOUT : EPOLLIN,
                        .data = {.u64 = tag(Service::bulk, connection.fd.get())}};
      if (::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, connection.fd.get(), &event) != 0) die_errno("epoll_ctl");
    }
    return true;
  }

  Descriptor epoll_;
  std::vector<std::byte> chunk_;
  std::unordered_map<int, Connection> connections_;
  Datagrams datagrams_;
};

}  // namespace
}  // namespace lastbyte::bench

int main() { lastbyte::bench::Origin().serve(); }
