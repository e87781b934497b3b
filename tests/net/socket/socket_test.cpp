#include "net/socket/socket.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <limits>
#include <set>

#include "tests/harness/loopback.h"

namespace lastbyte::net::test {
namespace {

using UnacknowledgedUnderLoss = UnderLoss;

using std::chrono::milliseconds;
using std::chrono::seconds;

const Address kLoopback = *Address::parse("127.0.0.1", 0);
const auto kEarly = std::as_bytes(std::span(std::string_view("early")));

bool has_ipv6() { return static_cast<bool>(listen_on(*Address::parse("::1", 0), {}, 1)); }

/// What a blocking caller would learn: 0 or the errno of the connection attempt.
int connect_error(const Address& address) {
  auto connecting = start_connecting(address, {}, {});
  if (!connecting) return connecting.error().code;
  wait_for(connecting->socket.get(), POLLOUT);
  return take_error(connecting->socket.get());
}

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
  const auto sockets = listen_on(kLoopback, every_listen_option(), 3);
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
  const auto sockets = listen_on(kLoopback, options, 1);
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
  const auto sockets = listen_on(kLoopback, options, 1);
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
  const auto sockets = listen_on(kLoopback, {}, 3);
  ASSERT_TRUE(sockets) << sockets.error().text();
  ASSERT_EQ(sockets->size(), 3U);
  const Address first = local_address(sockets->front().get());
  EXPECT_NE(first.port(), 0);
  for (const auto& socket : *sockets) EXPECT_EQ(local_address(socket.get()), first);
}

TEST(Listen, several_sockets_share_the_connections) {
  const auto sockets = listen_on(kLoopback, {}, 3);
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
  const auto sockets = listen_on(taken, {}, GetParam());
  ASSERT_FALSE(sockets);
  EXPECT_EQ(sockets.error().operation, "listen on tcp:" + taken.text());
  EXPECT_EQ(sockets.error().code, EADDRINUSE);
  Address everywhere = *Address::parse("0.0.0.0", taken.port());
  ASSERT_FALSE(listen_on(everywhere, {}, GetParam()));
}

TEST_P(BusyPort, two_groups_of_our_own_kind_do_not_mix_either) {
  const auto first = listen_on(kLoopback, {}, 2);
  ASSERT_TRUE(first);
  const auto second = listen_on(local_address(first->front().get()), {}, GetParam());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, EADDRINUSE);
}

INSTANTIATE_TEST_SUITE_P(Count, BusyPort, testing::Values(1, 2, 3));

TEST(Listen, reuse_port_shares_on_purpose) {
  ListenOptions sharing;
  sharing.reuse_port = true;
  const auto first = listen_on(kLoopback, sharing, 1);
  ASSERT_TRUE(first);
  const auto second = listen_on(local_address(first->front().get()), sharing, 2);
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
  EXPECT_TRUE(listen_on(address, {}, 2));
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
  EXPECT_TRUE(listen_on(*Address::parse("0.0.0.0", port), {}, 2)) << "both wildcards stand side by side";
}

TEST(Listen, an_address_that_is_not_ours_is_an_error_with_advice) {
  const auto sockets = listen_on(*Address::parse("192.0.2.1", 0), {}, 1);  // RFC 5737: nobody's
  ASSERT_FALSE(sockets);
  EXPECT_EQ(sockets.error().code, EADDRNOTAVAIL);
  EXPECT_EQ(sockets.error().detail, "no interface of this machine has the address");
}

TEST(Listen, options_for_a_socket_that_was_handed_in) {
  const Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_TRUE(apply_listen_options(socket.get(), kLoopback, every_listen_option()));
  EXPECT_EQ(integer_option(socket, IPPROTO_TCP, TCP_NODELAY), 1);
  EXPECT_EQ(integer_option(socket, IPPROTO_TCP, TCP_KEEPIDLE), 33);
  EXPECT_EQ(integer_option(socket, IPPROTO_TCP, TCP_FASTOPEN), 17);
  const auto failed = apply_listen_options(-1, kLoopback, every_listen_option());
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().text().substr(0, 36), "set SO_OOBINLINE for tcp:127.0.0.1:0");
  EXPECT_EQ(failed.error().code, EBADF);
}

TEST(Connect, is_under_way_or_done_and_nonblocking) {
  const Descriptor listening = listener();
  const auto connecting = start_connecting(local_address(listening.get()), {}, {});
  ASSERT_TRUE(connecting) << connecting.error().text();
  EXPECT_FALSE(connecting->connected);
  EXPECT_TRUE(::fcntl(connecting->socket.get(), F_GETFL) & O_NONBLOCK);
  EXPECT_TRUE(::fcntl(connecting->socket.get(), F_GETFD) & FD_CLOEXEC);
  EXPECT_EQ(wait_for(connecting->socket.get(), POLLOUT), POLLOUT);
}

TEST(Connect, default_options_set_nothing) {
  const Pair pair = connected_pair();
  EXPECT_EQ(integer_option(pair.client, IPPROTO_TCP, TCP_NODELAY), 0);
  EXPECT_EQ(integer_option(pair.client, SOL_SOCKET, SO_KEEPALIVE), 0);
  EXPECT_EQ(integer_option(pair.client, IPPROTO_TCP, TCP_USER_TIMEOUT), 0);
}

TEST(Connect, options_are_on_the_socket) {
  ConnectOptions options;
  options.socket.user_timeout = milliseconds(4321);
  options.socket.send_buffer = 50'000;
  options.socket.receive_buffer = 60'000;
  options.socket.interface = "lo";
  const Pair pair = connected_pair({}, options);
  EXPECT_EQ(integer_option(pair.client, IPPROTO_TCP, TCP_USER_TIMEOUT), 4321);
  EXPECT_EQ(integer_option(pair.client, SOL_SOCKET, SO_SNDBUF), 100'000);
  EXPECT_EQ(integer_option(pair.client, SOL_SOCKET, SO_RCVBUF), 120'000);
  std::array<char, 16> name{};
  socklen_t length = name.size();
  ASSERT_EQ(::getsockopt(pair.client.get(), SOL_SOCKET, SO_BINDTODEVICE, name.data(), &length), 0);
  EXPECT_STREQ(name.data(), "lo");
}

TEST(Connect, nodelay_and_keepalive_are_set_later) {
  const Pair pair = connected_pair();
  set_nodelay(pair.client.get());
  apply_keepalive(pair.client.get(), {false, seconds(1), seconds(1), 1});
  EXPECT_EQ(integer_option(pair.client, IPPROTO_TCP, TCP_NODELAY), 1);
  EXPECT_EQ(integer_option(pair.client, SOL_SOCKET, SO_KEEPALIVE), 0);
  apply_keepalive(pair.client.get(), {true, seconds(44), seconds(8), 5});
  EXPECT_EQ(integer_option(pair.client, SOL_SOCKET, SO_KEEPALIVE), 1);
  EXPECT_EQ(integer_option(pair.client, IPPROTO_TCP, TCP_KEEPIDLE), 44);
  EXPECT_EQ(integer_option(pair.client, IPPROTO_TCP, TCP_KEEPINTVL), 8);
  EXPECT_EQ(integer_option(pair.client, IPPROTO_TCP, TCP_KEEPCNT), 5);
}

TEST(Connect, a_refused_attempt_is_seen_on_the_socket) {
  Descriptor listening = listener();
  const Address address = local_address(listening.get());
  listening.close();
  EXPECT_EQ(connect_error(address), ECONNREFUSED);
}

TEST(Connect, errors_name_the_destination) {
  const auto connecting = start_connecting(*Address::parse("255.255.255.255", 80), {}, {});
  ASSERT_FALSE(connecting);
  EXPECT_EQ(connecting.error().operation, "connect tcp:255.255.255.255:80");
  EXPECT_NE(connecting.error().code, 0);
}

TEST(Connect, from_a_source_address) {
  const Descriptor listening = listener();
  ConnectOptions options;
  options.sources = {*Address::parse("127.0.0.77", 0)};
  const Descriptor client = connect_to(local_address(listening.get()), options);
  EXPECT_EQ(local_address(client.get()).ip_text(), "127.0.0.77");
  EXPECT_EQ(integer_option(client, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT), 1);
}

TEST(Connect, from_an_ipv6_source_address) {
  if (!has_ipv6()) GTEST_SKIP() << "no IPv6 on loopback";
  const Descriptor listening = listener("::1");
  ConnectOptions options;
  options.sources = {*Address::parse("::1", 0)};
  const Descriptor client = connect_to(local_address(listening.get()), options);
  EXPECT_EQ(local_address(client.get()).ip_text(), "::1");
}

TEST(Connect, one_fixed_source_port_serves_several_destinations) {
  const Descriptor first = listener();
  const Descriptor second = listener();
  // A port that is free on 127.0.0.79: another address holds it, so that no other test is given it meanwhile.
  const Descriptor holder = listener("127.0.0.80");
  ConnectOptions options;
  options.sources = {*Address::parse("127.0.0.79", local_address(holder.get()).port())};
  const Descriptor a = connect_to(local_address(first.get()), options);
  const Descriptor b = connect_to(local_address(second.get()), options);
  EXPECT_EQ(local_address(a.get()), options.sources.front());
  EXPECT_EQ(local_address(b.get()), options.sources.front());

  const auto again = start_connecting(local_address(second.get()), options.sources.front(), options);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, EADDRNOTAVAIL);
  EXPECT_EQ(again.error().detail, "the source port is in use towards this destination");
}

TEST(Connect, a_source_that_is_not_ours_is_an_error) {
  const Descriptor listening = listener();
  const Address to = local_address(listening.get());
  const auto connecting = start_connecting(to, *Address::parse("192.0.2.1", 0), {});
  ASSERT_FALSE(connecting);
  EXPECT_EQ(connecting.error().operation, "bind source 192.0.2.1:0 for tcp:" + to.text());
  EXPECT_EQ(connecting.error().code, EADDRNOTAVAIL);
  EXPECT_EQ(connecting.error().detail, "no interface of this machine has the address");
}

TEST(Connect, T13_ports_are_chosen_late_and_running_out_of_them_is_named) {
  const bool ran = in_own_network("ipv4/ip_local_port_range", "50000 50000", [] {
    const auto first = listen_on(*Address::parse("127.0.0.1", 1000), {}, 1);
    const auto second = listen_on(*Address::parse("127.0.0.1", 1001), {}, 1);
    ASSERT_TRUE(first && second);
    const Address to_first = *Address::parse("127.0.0.1", 1000);
    const Address to_second = *Address::parse("127.0.0.1", 1001);
    const Address source = *Address::parse("127.0.0.1", 0);
    // One port in all, and yet a connection to each: the port was taken at connect(), for that destination only.
    const auto one = start_connecting(to_first, source, {});
    const auto two = start_connecting(to_second, source, {});
    ASSERT_TRUE(one) << one.error().text();
    ASSERT_TRUE(two) << two.error().text();
    EXPECT_EQ(local_address(one->socket.get()), local_address(two->socket.get()));

    for (const Address& from : {source, Address{}}) {
      const auto none_left = start_connecting(to_first, from, {});
      ASSERT_FALSE(none_left);
      EXPECT_EQ(none_left.error().code, EADDRNOTAVAIL);
      EXPECT_EQ(none_left.error().operation, "connect tcp:127.0.0.1:1000");
      EXPECT_NE(none_left.error().detail.find("ports towards this destination are used up"), std::string::npos);
    }
    const auto elsewhere = start_connecting(to_first, *Address::parse("127.0.0.2", 0), {});
    EXPECT_TRUE(elsewhere) << "another source address has ports of its own";
  });
  if (!ran) GTEST_SKIP() << "no network namespace of its own here";
}

TEST(Connect, fast_open_carries_the_first_bytes_in_the_syn_once_a_cookie_is_held) {
  const bool ran = in_own_network("ipv4/tcp_fastopen", "3", [] {
    ListenOptions listen;
    listen.fast_open = 16;
    const Descriptor listening = listener("127.0.0.1", listen);
    const Address address = local_address(listening.get());
    {
      const auto cookie = start_connecting(address, {}, {}, kEarly);
      ASSERT_TRUE(cookie);
      EXPECT_EQ(cookie->early, 0U) << "no cookie yet: an ordinary SYN that asks for one";
      EXPECT_EQ(wait_for(cookie->socket.get(), POLLOUT), POLLOUT);
      accept_one(listening);
    }
    const auto connecting = start_connecting(address, {}, {}, kEarly);
    ASSERT_TRUE(connecting);
    EXPECT_EQ(connecting->early, 5U);
    EXPECT_EQ(wait_for(connecting->socket.get(), POLLOUT), POLLOUT);
    const Descriptor server = accept_one(listening);
    EXPECT_EQ(receive(server, 1), "5");
    tcp_info info{};
    socklen_t length = sizeof info;
    ASSERT_TRUE(eventually([&] {
      return ::getsockopt(connecting->socket.get(), IPPROTO_TCP, TCP_INFO, &info, &length) == 0 &&
             info.tcpi_state == TCP_ESTABLISHED;
    }));
    EXPECT_TRUE(info.tcpi_options & TCPI_OPT_SYN_DATA) << "the bytes were acknowledged with the SYN";
  });
  if (!ran) GTEST_SKIP() << "no network namespace of its own here";
}

TEST(Connect, fast_open_falls_back_where_the_host_has_it_off) {
  const bool ran = in_own_network("ipv4/tcp_fastopen", "0", [] {
    const Descriptor listening = listener();
    const auto connecting = start_connecting(local_address(listening.get()), {}, {}, kEarly);
    ASSERT_TRUE(connecting) << connecting.error().text();
    EXPECT_EQ(connecting->early, 0U);
    EXPECT_EQ(wait_for(connecting->socket.get(), POLLOUT), POLLOUT);
  });
  if (!ran) GTEST_SKIP() << "no network namespace of its own here";
}

TEST_F(UnacknowledgedUnderLoss, counts_bytes_until_the_peers_kernel_has_them) {
  const Pair pair = connected_pair();
  {
    const Deaf deaf(pair.server);
    ASSERT_TRUE(send_all(pair.client, "12345"));
    EXPECT_EQ(unacknowledged(pair.client.get()), 5U);
    ::shutdown(pair.client.get(), SHUT_WR);
    EXPECT_EQ(unacknowledged(pair.client.get()), 6U) << "the FIN counts as 1";
  }
  EXPECT_TRUE(eventually([&] { return unacknowledged(pair.client.get()) == 0; }));
  EXPECT_EQ(unread(pair.server), 5) << "acknowledged is not the same as read";
}

TEST(TakeError, gives_the_pending_error_once) {
  Pair pair = connected_pair();
  EXPECT_EQ(take_error(pair.client.get()), 0);
  reset_and_close(pair.server);
  wait_for(pair.client.get(), POLLIN);
  EXPECT_EQ(take_error(pair.client.get()), ECONNRESET);
  EXPECT_EQ(take_error(pair.client.get()), 0);
  EXPECT_EQ(take_error(-1), EBADF);
}

TEST(ResetAndClose, T7_the_peer_sees_a_reset_and_the_descriptor_is_gone) {
  Pair pair = connected_pair();
  const int fd = pair.server.get();
  reset_and_close(pair.server);
  EXPECT_FALSE(pair.server);
  EXPECT_EQ(::fcntl(fd, F_GETFD), -1);
  EXPECT_EQ(receive(pair.client, 1), "ECONNRESET");
  reset_and_close(pair.server);  // empty: nothing happens
}

TEST(ResetAndClose, T7_resets_also_after_a_clean_half_close) {
  Pair pair = connected_pair();
  ::shutdown(pair.server.get(), SHUT_WR);
  EXPECT_EQ(receive(pair.client, 1), "0");
  reset_and_close(pair.server);
  EXPECT_TRUE(wait_for(pair.client.get(), 0) & POLLERR);
}

TEST(LocalAddress, is_none_on_error) { EXPECT_TRUE(local_address(-1).none()); }

}  // namespace
}  // namespace lastbyte::net::test
