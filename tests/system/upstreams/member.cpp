#include "tests/system/upstreams/member.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <utility>

namespace lastbyte::system_test {

namespace {

void set_patience(const Descriptor& socket) {
  const timeval patience{.tv_sec = 20, .tv_usec = 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
}

/// Reads to the end of file. `second` is false if an error came instead.
std::pair<std::string, bool> read_all(const Descriptor& socket, bool one_line) {
  std::string text;
  std::array<char, 4096> buffer{};
  for (;;) {
    const ssize_t got = ::recv(socket.get(), buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EINTR) continue;  // with SO_RCVTIMEO, another thread's signal (SIGCHLD) causes EINTR too
    if (got <= 0) return {text, got == 0};
    text.append(buffer.data(), static_cast<std::size_t>(got));
    if (one_line && text.ends_with('\n')) return {text, true};
  }
}

}  // namespace

TestMember::TestMember(std::string name, const std::string& ip, std::uint16_t port)
    : name_(std::move(name)), address_(*net::Address::parse(ip, port)) {
  start();
}

void TestMember::listen() {
  listening_ = Descriptor(::socket(address_.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  ::setsockopt(listening_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  ASSERT_EQ(::bind(listening_.get(), address_.data(), address_.size()), 0) << address_.text();
  ASSERT_EQ(::listen(listening_.get(), 4096), 0);
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  ::getsockname(listening_.get(), reinterpret_cast<sockaddr*>(&bound), &size);
  address_ = net::Address::from_kernel(reinterpret_cast<sockaddr*>(&bound), size);
}

void TestMember::start() {
  if (thread_.joinable()) return;
  listen();
  stop_ = Descriptor(::eventfd(0, EFD_CLOEXEC));
  thread_ = std::thread([this] { serve(); });
}

void TestMember::stop() {
  if (!thread_.joinable()) return;
  const std::uint64_t one = 1;
  EXPECT_EQ(::write(stop_.get(), &one, sizeof one), static_cast<ssize_t>(sizeof one));
  thread_.join();
  listening_.close();
}

void TestMember::serve() {
  for (;;) {
    std::array<pollfd, 2> both{{{listening_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}}};
    ::poll(both.data(), both.size(), -1);
    if (both[1].revents != 0) return;
    const Descriptor client(::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (client) serve_one(client);
  }
}

void TestMember::serve_one(const Descriptor& client) {
  set_patience(client);
  auto [line, whole] = read_all(client, true);
  if (!line.ends_with('\n')) return;  // a health check, or the slower of two attempts
  line.pop_back();
  {
    const std::lock_guard lock(mutex_);
    ++seen_[line];
  }
  if (resets_) {
    const linger reset{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(client.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    return;
  }
  const std::string answer = line + " " + name_ + "\n";
  ::send(client.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
  ::shutdown(client.get(), SHUT_WR);
  read_all(client, false);
  ++served_;
}

std::map<std::string, int> TestMember::seen() const {
  const std::lock_guard lock(mutex_);
  return seen_;
}

std::string ask(const net::Address& at, const std::string& line) {
  const Descriptor socket(::socket(at.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  set_patience(socket);
  if (::connect(socket.get(), at.data(), at.size()) != 0) return "";
  const std::string request = line + "\n";
  ::send(socket.get(), request.data(), request.size(), MSG_NOSIGNAL);
  ::shutdown(socket.get(), SHUT_WR);
  auto [answer, whole] = read_all(socket, false);
  return whole ? answer : "";
}

}  // namespace lastbyte::system_test
