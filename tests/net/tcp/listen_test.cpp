#include "net/tcp/listen.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <limits>
#include <set>

#include "net/socket/calls.h"
#include "net/socket/listen_options.h"
#include "tests/net/tcp/tcp.h"

namespace lastbyte::net::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(Listen, is_nonblocking_and_closed_on_exec) {
  const Descriptor socket = listener();
  EXPECT_TRUE(::fcntl(socket.get(), F_GETFL) & O_NONBLOCK);
  EXPECT_TRUE(::fcntl(socket.get(), F_GETFD) & FD_CLOEXEC);
  EXPECT_EQ(integer_option(socket, SOL_SOCKET, SO_REUSEADDR), 1);
  EXPECT_EQ(integer_option(socket, SOL_SOCKET, SO_ACCEPTCONN), 1);
}

ListenOptions every_listen_option() {
  ListenOptions options;
  options.socket.nodelay = true;
  options.socket.keepalive = {true, seconds(33), seconds(7), 4};
  options.socket.user_timeout = milliseconds(12345);
  options.socket.send_buffer = 50'000;
  options.socket.receive_buffer = 60'000;
  options.defer_accept = seconds(3);
  options.fast_open = 17;
  return options;
}

void expect_inherited_options(const Descriptor& socket) {
  EXPECT_EQ(integer_option(socket, IPPROTO_TCP, TCP_NODELAY), 1);
  EXPECT_EQ(integer_option(socket, SOL_SOCKET, SO_KEEPALIVE), 1);
  EXPECT_EQ(integer_option(socket, IPPROTO_TCP, TCP_KEEPIDLE), 33);
  EXPECT_EQ(integer_option(socket, IPPROTO_TCP, TCP_KEEPINTVL), 7);
  EXPECT_EQ(integer_option(socket, IPPROTO_TCP, TCP_KEEPCNT), 4);
  EXPECT_EQ(integer_option(socket, IPPROTO_TCP, TCP_USER_TIMEOUT), 12345);
  EXPECT_EQ(integer_option(socket, SOL_SOCKET, SO_SNDBUF), 100'000) << "the kernel doubles what is asked for";
  EXPECT_EQ(integer_option(socket, SOL_SOCKET, SO_RCVBUF), 120'000);
}

TEST(Listen, options_are_on_the_listening_socket_and_on_what_it_accepts) {
  const Descriptor listening = listener("127.0.0.1", every_listen_option());
  expect_inherited_options(listening);
  EXPECT_GT(integer_option(listening, IPPROTO_TCP, TCP_DEFER_ACCEPT), 0);
  EXPECT_EQ(integer_option(listening, IPPROTO_TCP, TCP_FASTOPEN), 17);

  const Descriptor client = connect_to(local_address(listening.get()));
  ASSERT_TRUE(send_all(client, "x"));  // defer_accept waits for it
  expect_inherited_options(accept_one(listening));
}

TEST(Listen, every_one_of_several_sockets_has_the_options) {
  const auto sockets = listen_tcp(kLoopback, every_listen_option(), 3);
  ASSERT_TRUE(sockets) << sockets.error().text();
  for (const auto& socket : *sockets) expect_inherited_options(socket);
}

TEST(Listen, what_is_not_asked_for_is_left_to_the_kernel) {
  ListenOptions options;
  options.socket.nodelay = false;
  options.socket.keepalive.enabled = false;
  const Descriptor untouched(::socket(AF_INET, SOCK_STREAM, 0));
  const Pair pair = connected_pair(options);
  EXPECT_EQ(integer_option(pair.server, IPPROTO_TCP, TCP_NODELAY), 0);
  EXPECT_EQ(integer_option(pair.server, SOL_SOCKET, SO_KEEPALIVE), 0);
  EXPECT_EQ(integer_option(pair.server, IPPROTO_TCP, TCP_USER_TIMEOUT), 0);
  for (const int option : {TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT}) {
    EXPECT_EQ(integer_option(pair.server, IPPROTO_TCP, option), integer_option(untouched, IPPROTO_TCP, option));
  }
}

TEST(Listen, mark_and_interface) {
  ListenOptions options;
  options.socket.mark = 0x80000001U;
  options.socket.interface = "lo";
  const auto sockets = listen_tcp(kLoopback, options, 1);
  if (!sockets && sockets.error().code == EPERM) {
    EXPECT_EQ(sockets.error().operation, "set SO_MARK for tcp:127.0.0.1:0");
    GTEST_SKIP() << sockets.error().text();
  }
  ASSERT_TRUE(sockets) << sockets.error().text();
  EXPECT_EQ(static_cast<std::uint32_t>(integer_option(sockets->front(), SOL_SOCKET, SO_MARK)), 0x80000001U);
  std::array<char, 16> name{};
  socklen_t length = name.size();
  ASSERT_EQ(::getsockopt(sockets->front().get(), SOL_SOCKET, SO_BINDTODEVICE, name.data(), &length), 0);
  EXPECT_STREQ(name.data(), "lo");
}

TEST(Listen, an_unknown_interface_is_an_error_that_names_the_option) {
  ListenOptions options;
  options.socket.interface = "no-such-if";
  const auto sockets = listen_tcp(kLoopback, options, 1);
  ASSERT_FALSE(sockets);
  EXPECT_EQ(sockets.error().operation, "set SO_BINDTODEVICE for tcp:127.0.0.1:0");
  EXPECT_EQ(sockets.error().code, ENODEV);
}

TEST(Listen, a_time_beyond_the_kernels_range_is_the_longest_one) {
  ListenOptions options;
  options.socket.user_timeout = milliseconds(std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(integer_option(listener("127.0.0.1", options), IPPROTO_TCP, TCP_USER_TIMEOUT),
            std::numeric_limits<int>::max());
}

TEST(Listen, port_0_gives_the_same_port_to_all) {
  const auto sockets = listen_tcp(kLoopback, {}, 3);
  ASSERT_TRUE(sockets) << sockets.error().text();
  ASSERT_EQ(sockets->size(), 3U);
  const Address first = local_address(sockets->front().get());
  EXPECT_NE(first.port(), 0);
  for (const auto& socket : *sockets) EXPECT_EQ(local_address(socket.get()), first);
}

TEST(Listen, several_sockets_share_the_connections) {
  const auto sockets = listen_tcp(kLoopback, {}, 3);
  ASSERT_TRUE(sockets);
  const Address address = local_address(sockets->front().get());
  std::set<int> used;
  std::vector<Descriptor> clients;
  // Which socket gets a connection is a hash of its addresses: 200 in a row that miss one have a chance of 1e-35.
  for (int i = 0; i < 200; ++i) {
    clients.push_back(connect_to(address));
    ASSERT_TRUE(eventually([&] {
      for (const auto& socket : *sockets) {
        const Descriptor accepted(::accept(socket.get(), nullptr, nullptr));
        if (accepted) return used.insert(socket.get()), true;
      }
      return false;
    }));
  }
  EXPECT_EQ(used.size(), 3U);
}

class BusyPort : public testing::TestWithParam<int> {};

TEST_P(BusyPort, an_address_that_another_listens_on_is_an_error) {
  // The other one shares its port: of the same user, it would let us in silently.
  ListenOptions sharing;
  sharing.reuse_port = true;
  const Descriptor other = listener("127.0.0.1", sharing);
  const Address taken = local_address(other.get());
  const auto sockets = listen_tcp(taken, {}, GetParam());
  ASSERT_FALSE(sockets);
  EXPECT_EQ(sockets.error().operation, "listen on tcp:" + taken.text());
  EXPECT_EQ(sockets.error().code, EADDRINUSE);
  Address everywhere = *Address::parse("0.0.0.0", taken.port());
  ASSERT_FALSE(listen_tcp(everywhere, {}, GetParam()));
}

TEST_P(BusyPort, two_groups_of_our_own_kind_do_not_mix_either) {
  const auto first = listen_tcp(kLoopback, {}, 2);
  ASSERT_TRUE(first);
  const auto second = listen_tcp(local_address(first->front().get()), {}, GetParam());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, EADDRINUSE);
}

INSTANTIATE_TEST_SUITE_P(Count, BusyPort, testing::Values(1, 2, 3));

TEST(Listen, reuse_port_shares_on_purpose) {
  ListenOptions sharing;
  sharing.reuse_port = true;
  const auto first = listen_tcp(kLoopback, sharing, 1);
  ASSERT_TRUE(first);
  const auto second = listen_tcp(local_address(first->front().get()), sharing, 2);
  EXPECT_TRUE(second) << second.error().text();
}

TEST(Listen, a_port_with_sessions_in_time_wait_can_be_taken_again) {
  Descriptor listening = listener();
  const Address address = local_address(listening.get());
  Descriptor client = connect_to(address);
  Descriptor server = accept_one(listening);
  server.close();
  EXPECT_EQ(receive(client, 1), "0");
  client.close();
  listening.close();
  EXPECT_TRUE(listen_tcp(address, {}, 2));
}

TEST(Listen, ipv4_wildcard_does_not_accept_ipv6) {
  if (!has_ipv6()) GTEST_SKIP() << "no IPv6 on loopback";
  const Descriptor listening = listener("0.0.0.0");
  const auto port = local_address(listening.get()).port();
  EXPECT_EQ(connect_error(*Address::parse("127.0.0.1", port)), 0);
  EXPECT_EQ(connect_error(*Address::parse("::1", port)), ECONNREFUSED);
}

TEST(Listen, ipv6_wildcard_does_not_accept_ipv4) {
  if (!has_ipv6()) GTEST_SKIP() << "no IPv6 on loopback";
  const Descriptor listening = listener("::");
  EXPECT_EQ(integer_option(listening, IPPROTO_IPV6, IPV6_V6ONLY), 1);
  const auto port = local_address(listening.get()).port();
  EXPECT_EQ(connect_error(*Address::parse("::1", port)), 0);
  EXPECT_EQ(connect_error(*Address::parse("127.0.0.1", port)), ECONNREFUSED);
  EXPECT_TRUE(listen_tcp(*Address::parse("0.0.0.0", port), {}, 2)) << "both wildcards stand side by side";
}

TEST(Listen, an_address_that_is_not_ours_is_an_error_with_advice) {
  const auto sockets = listen_tcp(*Address::parse("192.0.2.1", 0), {}, 1);  // RFC 5737: nobody's
  ASSERT_FALSE(sockets);
  EXPECT_EQ(sockets.error().code, EADDRNOTAVAIL);
  EXPECT_EQ(sockets.error().detail, "no interface of this machine has the address");
}

TEST(Listen, options_for_a_socket_that_was_handed_in) {
  const Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_TRUE(change_listen_options(socket.get(), Transport::tcp, kLoopback, std::nullopt, every_listen_option()));
  EXPECT_EQ(integer_option(socket, IPPROTO_TCP, TCP_NODELAY), 1);
  EXPECT_EQ(integer_option(socket, IPPROTO_TCP, TCP_KEEPIDLE), 33);
  EXPECT_EQ(integer_option(socket, IPPROTO_TCP, TCP_FASTOPEN), 17);
  const auto failed = change_listen_options(-1, Transport::tcp, kLoopback, std::nullopt, every_listen_option());
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().text().substr(0, 36), "set SO_OOBINLINE for tcp:127.0.0.1:0");
  EXPECT_EQ(failed.error().code, EBADF);
}

}  // namespace
}  // namespace lastbyte::net::test
