#include "tests/harness/crowd.h"

#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

#include "net/socket/calls.h"
#include "net/tcp/listen.h"

namespace lastbyte::system_test {
namespace {

constexpr std::string_view kWords = "sixteen letters.";

void watch(int epoll, int fd, std::uint32_t events, int operation) {
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  ::epoll_ctl(epoll, operation, fd, &event);
}

void say(const Descriptor& socket) {
  EXPECT_EQ(::send(socket.get(), kWords.data(), kWords.size(), MSG_NOSIGNAL), static_cast<ssize_t>(kWords.size()));
}

void hear(const Descriptor& socket) {
  std::array<char, kWords.size()> heard{};
  const ssize_t got = ::recv(socket.get(), heard.data(), heard.size(), MSG_WAITALL);
  EXPECT_EQ(std::string_view(heard.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0))), kWords);
}

void expect_fin(const Descriptor& socket) {
  char byte = 0;
  const ssize_t got = ::recv(socket.get(), &byte, 1, 0);
  EXPECT_EQ(got, 0) << (got < 0 ? errno_name(errno) : "a byte");
}

}  // namespace

EchoServer::EchoServer() : epoll_(::epoll_create1(EPOLL_CLOEXEC)), stop_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  auto listening = net::listen_tcp(*net::Address::parse("127.0.0.1", 0), {}, 1);
  EXPECT_TRUE(listening) << listening.error().text();
  listening_ = std::move(listening->front());
  address_ = net::local_address(listening_.get());
  watch(epoll_.get(), listening_.get(), EPOLLIN, EPOLL_CTL_ADD);
  watch(epoll_.get(), stop_.get(), EPOLLIN, EPOLL_CTL_ADD);
  thread_ = std::thread([this] { serve(); });
}

EchoServer::~EchoServer() {
  const std::uint64_t one = 1;
  EXPECT_EQ(::write(stop_.get(), &one, sizeof one), static_cast<ssize_t>(sizeof one));
  thread_.join();
}

void EchoServer::serve() {
  std::array<epoll_event, 256> events{};
  while (true) {
    const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      const int fd = events[static_cast<std::size_t>(i)].data.fd;
      if (fd == stop_.get()) return;
      fd == listening_.get() ? accept_all() : echo(fd);
    }
  }
}

void EchoServer::accept_all() {
  while (true) {
    Descriptor socket(::accept4(listening_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket) return;
    const auto number = static_cast<std::size_t>(socket.get());
    if (connections_.size() <= number) {
      connections_.resize(number + 1);
      owed_.resize(number + 1);
    }
    watch(epoll_.get(), socket.get(), EPOLLIN, EPOLL_CTL_ADD);
    owed_[number].clear();
    connections_[number] = std::move(socket);
  }
}

/// Sends the bytes owed. If none are owed, reads more.
void EchoServer::echo(int fd) {
  const auto number = static_cast<std::size_t>(fd);
  std::vector<char>& owed = owed_[number];
  if (owed.empty()) {
    owed.resize(64 * 1024);
    const ssize_t got = ::recv(fd, owed.data(), owed.size(), 0);
    owed.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) return connections_[number].close();
  }
  const ssize_t put = ::send(fd, owed.data(), owed.size(), MSG_NOSIGNAL);
  if (put < 0 && errno != EAGAIN) return connections_[number].close();
  owed.erase(owed.begin(), owed.begin() + std::max<ssize_t>(put, 0));
  watch(epoll_.get(), fd, owed.empty() ? EPOLLIN : EPOLLOUT, EPOLL_CTL_MOD);
}

std::vector<Descriptor> connect_crowd(const net::Address& to, std::size_t count) {
  std::vector<Descriptor> crowd;
  for (std::size_t i = 0; i < count; ++i) {
    Descriptor socket(::socket(to.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
    const timeval patience{30, 0};
    ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (::connect(socket.get(), to.data(), to.size()) != 0) {
      ADD_FAILURE() << "connection " << i << ": " << errno_name(errno);
      break;
    }
    crowd.push_back(std::move(socket));
  }
  return crowd;
}

void converse(const std::vector<Descriptor>& crowd) {
  for (const Descriptor& each : crowd) say(each);
  for (const Descriptor& each : crowd) hear(each);
}

void end_at_random(std::vector<Descriptor> crowd, std::mt19937& random) {
  std::shuffle(crowd.begin(), crowd.end(), random);
  std::vector<Descriptor> closing;
  for (std::size_t i = 0; i < crowd.size(); ++i) {
    Descriptor& each = crowd[i];
    if (i % 2 == 0) {
      ::shutdown(each.get(), SHUT_WR);
      closing.push_back(std::move(each));
      continue;
    }
    const auto moment = random() % 3;
    if (moment > 0) say(each);
    if (moment > 1) hear(each);
    net::reset_and_close(each);
  }
  for (const Descriptor& each : closing) expect_fin(each);
}

std::size_t affordable_sessions(std::size_t wanted) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  // The daemon reserves these for its pipes.
  constexpr rlim_t kReserve = 1400;
  const rlim_t affordable = limit.rlim_cur > kReserve ? (limit.rlim_cur - kReserve) / 2 : 0;
  return std::min<std::size_t>(wanted, affordable);
}

}  // namespace lastbyte::system_test
