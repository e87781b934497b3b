// Each send through the ring returns what send(2) returns on the same kind of socket.
#include "loop/send_ring.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <string>
#include <vector>

#include "base/descriptor.h"

namespace lastbyte::loop {
namespace {

struct Pair {
  Descriptor ours;
  Descriptor theirs;
};

Pair unix_pair() {
  std::array<int, 2> made{};
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, made.data()), 0);
  return {Descriptor(made[0]), Descriptor(made[1])};
}

Pair tcp_pair() {
  const Descriptor listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof at;
  auto* name = reinterpret_cast<sockaddr*>(&at);
  EXPECT_EQ(::bind(listener.get(), name, length), 0);
  EXPECT_EQ(::listen(listener.get(), 1), 0);
  EXPECT_EQ(::getsockname(listener.get(), name, &length), 0);
  Pair pair{Descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), {}};
  EXPECT_EQ(::connect(pair.ours.get(), name, length), 0);
  pair.theirs = Descriptor(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  return pair;
}

void fill(int socket) {
  const std::string block(65'536, 'x');
  while (::send(socket, block.data(), block.size(), MSG_DONTWAIT | MSG_NOSIGNAL) > 0) {
  }
  // Down to the last byte, which a large send leaves room for.
  while (::send(socket, "x", 1, MSG_DONTWAIT | MSG_NOSIGNAL) > 0) {
  }
}

void reset_by_peer(Pair& pair) {
  const linger reset{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(pair.theirs.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  pair.theirs.close();
  pollfd polled{.fd = pair.ours.get(), .events = 0, .revents = 0};
  EXPECT_EQ(::poll(&polled, 1, 20'000), 1);
}

/// All that a send can meet, twice: one socket for the ring, and its like for send(2).
std::vector<Pair> all_kinds() {
  std::vector<Pair> all;
  const auto add = [&](Pair pair) -> Pair& { return all.emplace_back(std::move(pair)); };
  add(tcp_pair());                                                          // it is taken whole
  fill(add(tcp_pair()).ours.get());                                         // EAGAIN
  reset_by_peer(add(tcp_pair()));                                           // ECONNRESET
  ::shutdown(add(tcp_pair()).ours.get(), SHUT_WR);                          // EPIPE
  add(unix_pair());                                                         // it is taken whole
  fill(add(unix_pair()).ours.get());                                        // EAGAIN
  add(unix_pair()).theirs.close();                                          // EPIPE
  add({Descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), {}});  // EPIPE: not connected
  const int small = 4096;
  Pair& narrow = add(unix_pair());  // a part is taken
  ::setsockopt(narrow.ours.get(), SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
  return all;
}

TEST(SendRing, T10_returns_what_a_plain_send_returns) {
  auto ring = make_send_ring();
  if (!ring) GTEST_SKIP() << ring.error().text();
  const std::string message(100'000, 'm');
  const auto bytes = std::as_bytes(std::span(message));
  const auto through_ring = all_kinds();
  const auto plain = all_kinds();
  std::vector<Send> sends;
  for (const Pair& each : through_ring) sends.push_back({.socket = each.ours.get(), .bytes = bytes});
  EXPECT_EQ((*ring)->send(sends), sends.size());
  for (std::size_t i = 0; i < plain.size(); ++i) {
    const ssize_t put = ::send(plain[i].ours.get(), message.data(), message.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    EXPECT_EQ(sends[i].result, put < 0 ? -errno : put) << "socket " << i;
  }
  EXPECT_EQ(sends[1].result, -EAGAIN);
  EXPECT_EQ(sends[2].result, -ECONNRESET);
  EXPECT_EQ(sends[3].result, -EPIPE);
}

TEST(SendRing, is_used_as_often_as_one_likes_with_as_many_sends_as_it_takes) {
  auto ring = make_send_ring();
  if (!ring) GTEST_SKIP() << ring.error().text();
  const Pair pair = tcp_pair();
  std::string expected;
  std::string received;
  for (int round = 0; round < 5; ++round) {
    std::vector<std::string> texts;
    std::vector<Send> sends;
    for (std::size_t i = 0; i < Sender::kMost; ++i) expected += texts.emplace_back(std::to_string(i) + " ");
    for (const std::string& text : texts)
      sends.push_back({.socket = pair.ours.get(), .bytes = std::as_bytes(std::span(text))});
    ASSERT_EQ((*ring)->send(sends), sends.size());
    for (std::size_t i = 0; i < sends.size(); ++i) ASSERT_EQ(sends[i].result, std::ssize(texts[i]));
    std::array<char, 4096> room{};
    while (received.size() < expected.size()) {
      const ssize_t got = ::recv(pair.theirs.get(), room.data(), room.size(), 0);
      ASSERT_GT(got, 0);
      received.append(room.data(), static_cast<std::size_t>(got));
    }
  }
  EXPECT_EQ(received, expected);
}

}  // namespace
}  // namespace lastbyte::loop
