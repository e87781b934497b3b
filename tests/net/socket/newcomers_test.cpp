// T15: a listening socket that is to be closed cuts nobody off.
#include "net/socket/newcomers.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>

#include "net/socket/buffers.h"
#include "net/socket/calls.h"
#include "net/socket/listen_options.h"
#include "net/tcp/listen.h"

namespace lastbyte::net {
namespace {

Descriptor connect_blocking(const Address& to) {
  Descriptor socket(::socket(to.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::connect(socket.get(), to.data(), to.size()) != 0) return {};
  return socket;
}

bool becomes(int fd, short event, int patience_ms) {
  pollfd wanted{.fd = fd, .events = event, .revents = 0};
  return ::poll(&wanted, 1, patience_ms) > 0;
}

constexpr int kPatienceMs = 20'000;

class Newcomers : public ::testing::Test {
 protected:
  void listen(const ListenOptions& options = {}) {
    auto made = listen_tcp(*Address::parse("127.0.0.1", 0), options, 1);
    ASSERT_TRUE(made) << made.error().text();
    listening_ = std::move(made->front());
    address_ = local_address(listening_.get());
  }
  /// Of a client that comes and goes.
  [[nodiscard]] Descriptor accept_next() const {
    const Descriptor client = connect_blocking(address_);
    return Descriptor(::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  }
  /// The client's byte, as the next who is accepted sends it.
  char byte_of_next() {
    if (!becomes(listening_.get(), POLLIN, kPatienceMs)) return '-';
    const Descriptor accepted(::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    char byte = '?';
    return ::recv(accepted.get(), &byte, 1, 0) == 1 ? byte : '!';
  }

  Descriptor listening_;
  Address address_;
};

TEST_F(Newcomers, T15_who_is_in_the_queue_is_still_accepted_and_talks) {
  listen();
  const Descriptor early = connect_blocking(address_);
  ASSERT_TRUE(early);
  ASSERT_EQ(turn_newcomers_away(listening_.get()), 0);
  ASSERT_EQ(::send(early.get(), "x", 1, MSG_NOSIGNAL), 1);
  EXPECT_EQ(byte_of_next(), 'x');
}

// With TCP_DEFER_ACCEPT the last step of a handshake waits for the client's data: the only handshake on loopback that
// can be held up. Were the socket closed instead, the data would be answered with a reset.
TEST_F(Newcomers, T15_a_handshake_under_way_comes_to_its_end) {
  ListenOptions options;
  options.defer_accept = std::chrono::seconds(30);
  listen(options);
  const Descriptor client = connect_blocking(address_);
  ASSERT_TRUE(client);
  EXPECT_FALSE(becomes(listening_.get(), POLLIN, 0)) << "it is not in the queue yet";
  ASSERT_EQ(turn_newcomers_away(listening_.get()), 0);
  ASSERT_EQ(::send(client.get(), "y", 1, MSG_NOSIGNAL), 1);
  EXPECT_EQ(byte_of_next(), 'y');
}

TEST_F(Newcomers, T15_a_syn_is_lost_and_tries_again_until_they_are_let_in_again) {
  listen();
  ASSERT_EQ(turn_newcomers_away(listening_.get()), 0);
  const Descriptor late(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  ASSERT_NE(::connect(late.get(), address_.data(), address_.size()), 0);
  ASSERT_EQ(errno, EINPROGRESS);
  EXPECT_FALSE(becomes(late.get(), POLLOUT, 0)) << "neither connected nor refused";
  ASSERT_EQ(let_newcomers_in(listening_.get()), 0);
  ASSERT_TRUE(becomes(late.get(), POLLOUT, kPatienceMs));
  EXPECT_EQ(take_error(late.get()), 0);
  ASSERT_EQ(::send(late.get(), "z", 1, MSG_NOSIGNAL), 1);
  EXPECT_EQ(byte_of_next(), 'z');
}

TEST_F(Newcomers, are_let_in_where_they_were_never_turned_away) {
  listen();
  EXPECT_EQ(let_newcomers_in(listening_.get()), 0);
}

TEST_F(Newcomers, T14_of_a_unix_socket_are_refused_and_the_queue_stays) {
  listening_ = Descriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  // Bound to a name that the kernel chooses (unix(7), autobind).
  const sockaddr_un any{.sun_family = AF_UNIX, .sun_path = {}};
  ASSERT_EQ(::bind(listening_.get(), reinterpret_cast<const sockaddr*>(&any), sizeof(sa_family_t)), 0);
  ASSERT_EQ(::listen(listening_.get(), 8), 0);
  address_ = local_address(listening_.get());
  const Descriptor early = connect_blocking(address_);
  ASSERT_TRUE(early);
  ASSERT_EQ(turn_newcomers_away(listening_.get()), 0);
  EXPECT_FALSE(connect_blocking(address_));
  EXPECT_EQ(errno, ECONNREFUSED);
  ASSERT_EQ(::send(early.get(), "u", 1, MSG_NOSIGNAL), 1);
  EXPECT_EQ(byte_of_next(), 'u');
}

int option(int fd, int level, int name) {
  int value = -1;
  socklen_t length = sizeof value;
  return ::getsockopt(fd, level, name, &value, &length) == 0 ? value : -1;
}

TEST_F(Newcomers, come_under_options_that_were_changed_on_the_listening_socket) {
  ListenOptions before;
  before.defer_accept = std::chrono::seconds(5);
  before.socket.user_timeout = std::chrono::seconds(9);
  listen(before);
  ListenOptions after;
  after.socket.nodelay = false;
  after.socket.keepalive.enabled = false;
  after.socket.receive_buffer = 8192;
  after.backlog = 1;
  ASSERT_TRUE(can_change(Transport::tcp, before, after));
  ASSERT_TRUE(change_listen_options(listening_.get(), Transport::tcp, address_, before, after));
  const auto expect_as = [&](const ListenOptions& options) {
    const Descriptor client = connect_blocking(address_);
    const Descriptor accepted(::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    ASSERT_TRUE(accepted);
    EXPECT_EQ(option(accepted.get(), IPPROTO_TCP, TCP_NODELAY), options.socket.nodelay ? 1 : 0);
    EXPECT_EQ(option(accepted.get(), SOL_SOCKET, SO_KEEPALIVE), options.socket.keepalive.enabled ? 1 : 0);
    EXPECT_EQ(option(accepted.get(), IPPROTO_TCP, TCP_USER_TIMEOUT), 0);
    EXPECT_EQ(option(accepted.get(), SOL_SOCKET, SO_RCVBUF), 2 * 8192);
  };
  expect_as(after);
  ListenOptions again = after;
  again.socket.nodelay = again.socket.keepalive.enabled = true;
  ASSERT_TRUE(change_listen_options(listening_.get(), Transport::tcp, address_, after, again));
  expect_as(again);
  if (!can_take_buffers_back()) {
    EXPECT_FALSE(can_change(Transport::tcp, again, {})) << "a buffer that was sized once stays sized";
    return;
  }
  ASSERT_TRUE(can_change(Transport::tcp, again, {}));
  ASSERT_TRUE(change_listen_options(listening_.get(), Transport::tcp, address_, again, {}));
  const Descriptor taken_back = accept_next();
  listen();
  const Descriptor fresh = accept_next();
  for (const int each : {SO_RCVBUF, SO_SNDBUF})
    EXPECT_EQ(option(taken_back.get(), SOL_SOCKET, each), option(fresh.get(), SOL_SOCKET, each));
}

}  // namespace
}  // namespace lastbyte::net
