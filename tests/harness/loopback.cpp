#include "tests/harness/loopback.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <thread>
#include <vector>

#include "net/socket/calls.h"
#include "net/socket/deaf.h"
#include "net/tcp/connect.h"
#include "net/tcp/listen.h"

namespace lastbyte::net::test {
namespace {

constexpr int kPatience = 20'000;  // milliseconds

/// Whether a SYN|ACK came: it gave the first sample of the round-trip time. Unlike SO_ERROR, this takes no error.
bool was_established(const Descriptor& socket) {
  tcp_info info{};
  socklen_t length = sizeof info;
  return ::getsockopt(socket.get(), IPPROTO_TCP, TCP_INFO, &info, &length) == 0 && info.tcpi_rtt > 0;
}

}  // namespace

Descriptor listener(const std::string& ip, const ListenOptions& options) {
  auto sockets = listen_tcp(*Address::parse(ip, 0), options, 1);
  EXPECT_TRUE(sockets) << sockets.error().text();
  return sockets ? std::move(sockets->front()) : Descriptor{};
}

Descriptor accept_one(const Descriptor& listening) {
  EXPECT_NE(wait_for(listening.get(), POLLIN), 0);
  Descriptor accepted(::accept4(listening.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  EXPECT_TRUE(accepted);
  return accepted;
}

Descriptor connect_to(const Address& address, const ConnectOptions& options) {
  const Source source = options.sources.empty() ? Address{} : options.sources.front();
  auto connecting = connect_tcp(address, source, options);
  EXPECT_TRUE(connecting) << connecting.error().text();
  if (!connecting) return {};
  // A peer may accept and reset before this thread runs again. The error stays in the socket for the test to read.
  const short events = wait_for(connecting->socket.get(), POLLOUT);
  if ((events & POLLERR) != 0 && was_established(connecting->socket)) return std::move(connecting->socket);
  EXPECT_EQ(events, POLLOUT);
  EXPECT_EQ(take_error(connecting->socket.get()), 0);
  return std::move(connecting->socket);
}

Pair connected_pair(const ListenOptions& listen, const ConnectOptions& connect) {
  const Descriptor listening = listener("127.0.0.1", listen);
  Pair pair;
  pair.client = connect_to(local_address(listening.get()), connect);
  pair.server = accept_one(listening);
  return pair;
}

Pair unix_pair() {
  std::array<int, 2> ends{};
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

short wait_for(int fd, short events) {
  pollfd polled{fd, events, 0};
  ::poll(&polled, 1, kPatience);
  return polled.revents;
}

short events_now(int fd, short events) {
  pollfd polled{fd, events, 0};
  ::poll(&polled, 1, 0);
  return polled.revents;
}

bool send_all(const Descriptor& socket, std::string_view data) {
  return ::send(socket.get(), data.data(), data.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(data.size());
}

std::size_t fill(const Descriptor& socket) {
  const std::vector<char> block(64 * 1024, 'x');
  std::size_t sent = 0;
  while (true) {
    const ssize_t taken = ::send(socket.get(), block.data(), block.size(), MSG_NOSIGNAL);
    if (taken <= 0) return sent;
    sent += static_cast<std::size_t>(taken);
  }
}

int unread(const Descriptor& socket) {
  int bytes = 0;
  EXPECT_EQ(::ioctl(socket.get(), FIONREAD, &bytes), 0);
  return bytes;
}

std::uint32_t unsent(const Descriptor& socket) {
  int bytes = 0;
  EXPECT_EQ(::ioctl(socket.get(), SIOCOUTQNSD, &bytes), 0);
  return static_cast<std::uint32_t>(bytes);
}

std::string outcome(ssize_t result) { return result >= 0 ? std::to_string(result) : errno_name(errno); }

std::string send_one(const Descriptor& socket) { return outcome(::send(socket.get(), "x", 1, MSG_NOSIGNAL)); }

std::string receive(const Descriptor& socket, int calls) {
  std::vector<char> buffer(1024 * 1024);
  std::string out;
  for (int call = 0; call < calls; ++call) {
    wait_for(socket.get(), POLLIN);
    out += (call > 0 ? " " : "") + outcome(::recv(socket.get(), buffer.data(), buffer.size(), 0));
  }
  return out;
}

std::string receive_by_splice(const Descriptor& socket, int calls) {
  std::string out;
  for (int call = 0; call < calls; ++call) {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK), 0);
    const Descriptor read_end(ends[0]);
    const Descriptor write_end(ends[1]);
    wait_for(socket.get(), POLLIN);
    const ssize_t moved = ::splice(socket.get(), nullptr, write_end.get(), nullptr, 65536, SPLICE_F_NONBLOCK);
    out += (call > 0 ? " " : "") + outcome(moved);
  }
  return out;
}

Drained drain(const Descriptor& socket) {
  std::vector<char> buffer(256 * 1024);
  Drained drained;
  while (wait_for(socket.get(), POLLIN) != 0) {
    const ssize_t got = ::recv(socket.get(), buffer.data(), buffer.size(), 0);
    if (got == 0) return drained;
    if (got < 0 && errno != EAGAIN) {
      drained.error = errno_name(errno);
      return drained;
    }
    if (got > 0) drained.bytes += static_cast<std::size_t>(got);
  }
  drained.error = "nothing came";
  return drained;
}

std::string state(const Descriptor& socket) {
  tcp_info info{};
  socklen_t length = sizeof info;
  EXPECT_EQ(::getsockopt(socket.get(), IPPROTO_TCP, TCP_INFO, &info, &length), 0);
  switch (info.tcpi_state) {
    case TCP_ESTABLISHED: return "ESTABLISHED";
    case TCP_FIN_WAIT1: return "FIN_WAIT1";
    case TCP_FIN_WAIT2: return "FIN_WAIT2";
    case TCP_CLOSE_WAIT: return "CLOSE_WAIT";
    case TCP_LAST_ACK: return "LAST_ACK";
    case TCP_CLOSING: return "CLOSING";
    case TCP_CLOSE: return "CLOSE";
    default: return std::to_string(info.tcpi_state);
  }
}

int integer_option(const Descriptor& socket, int level, int option) {
  int value = -1;
  socklen_t length = sizeof value;
  EXPECT_EQ(::getsockopt(socket.get(), level, option, &value, &length), 0) << errno_name(errno);
  return value;
}

Deaf::Deaf(const Descriptor& socket) : fd_(socket.get()) { EXPECT_EQ(errno_name(set_deaf(fd_, true)), ""); }

bool Deaf::possible() {
  const Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return set_deaf(socket.get(), true) == 0;
}

Deaf::~Deaf() { EXPECT_EQ(errno_name(set_deaf(fd_, false)), ""); }

bool in_own_network(const std::string& setting, const std::string& value, const std::function<void()>& run) {
  bool allowed = false;
  // The namespace belongs to the thread and vanishes with it.
  std::thread thread([&] {
    if (::unshare(CLONE_NEWNET) != 0) return;
    const Descriptor any(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq request{};
    std::strcpy(request.ifr_name, "lo");
    request.ifr_flags = IFF_UP;
    if (::ioctl(any.get(), SIOCSIFFLAGS, &request) != 0) return;
    std::ofstream file("/proc/sys/net/" + setting);
    file << value << std::flush;
    if (!file.good()) return;
    allowed = true;
    run();
  });
  thread.join();
  return allowed;
}

}  // namespace lastbyte::net::test
