#include "net/tcp/connect.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <set>

#include "net/tcp/connection.h"
#include "tests/net/tcp/tcp.h"

namespace lastbyte::net::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const auto kEarly = std::as_bytes(std::span(std::string_view("early")));

TEST(Connect, is_under_way_or_done_and_nonblocking) {
  const Descriptor listening = listener();
  const auto connecting = connect_tcp(local_address(listening.get()), {}, {});
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

/// Connected as far as the client can see, whose last segment of the handshake is put off.
struct HalfTold {
  Descriptor listening = listener();
  Descriptor client;
  HalfTold() {
    auto connecting = connect_tcp(local_address(listening.get()), {}, {}, {}, nullptr, HandshakeAck::put_off);
    EXPECT_TRUE(connecting);
    if (connecting) client = std::move(connecting->socket);
    EXPECT_EQ(wait_for(client.get(), POLLOUT), POLLOUT);
    EXPECT_EQ(state(client), "ESTABLISHED");
  }
};

TEST(Connect, the_end_of_the_handshake_can_go_with_the_first_bytes) {
  const HalfTold pair;
  EXPECT_EQ(events_now(pair.listening.get(), POLLIN), 0) << "the server has been told";
  ASSERT_TRUE(send_all(pair.client, "question"));
  ASSERT_EQ(wait_for(pair.listening.get(), POLLIN), POLLIN);
  EXPECT_EQ(unread(accept_one(pair.listening)), 8) << "it was told without the bytes";
}

TEST(Connect, the_end_of_the_handshake_goes_when_it_is_asked_for) {
  const HalfTold pair;
  EXPECT_EQ(events_now(pair.listening.get(), POLLIN), 0) << "the server has been told";
  send_handshake_ack(pair.client.get());
  EXPECT_EQ(wait_for(pair.listening.get(), POLLIN), POLLIN);
}

TEST(Connect, a_refused_attempt_is_seen_on_the_socket) {
  Descriptor listening = listener();
  const Address address = local_address(listening.get());
  listening.close();
  EXPECT_EQ(connect_error(address), ECONNREFUSED);
}

TEST(Connect, errors_name_the_destination) {
  const auto connecting = connect_tcp(*Address::parse("255.255.255.255", 80), {}, {});
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
  EXPECT_EQ(local_address(a.get()), options.sources.front().address);
  EXPECT_EQ(local_address(b.get()), options.sources.front().address);

  const auto again = connect_tcp(local_address(second.get()), options.sources.front(), options);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, EADDRNOTAVAIL);
  EXPECT_EQ(again.error().detail, "the source port is in use towards this destination");
}

TEST(Connect, a_source_that_is_not_ours_is_an_error) {
  const Descriptor listening = listener();
  const Address to = local_address(listening.get());
  const auto connecting = connect_tcp(to, *Address::parse("192.0.2.1", 0), {});
  ASSERT_FALSE(connecting);
  EXPECT_EQ(connecting.error().operation, "bind source 192.0.2.1 for tcp:" + to.text());
  EXPECT_EQ(connecting.error().code, EADDRNOTAVAIL);
  EXPECT_EQ(connecting.error().detail, "no interface of this machine has the address");
}

TEST(Connect, T13_ports_are_chosen_late_and_running_out_of_them_is_named) {
  const bool ran = in_own_network("ipv4/ip_local_port_range", "50000 50000", [] {
    const auto first = listen_tcp(*Address::parse("127.0.0.1", 1000), {}, 1);
    const auto second = listen_tcp(*Address::parse("127.0.0.1", 1001), {}, 1);
    ASSERT_TRUE(first && second);
    const Address to_first = *Address::parse("127.0.0.1", 1000);
    const Address to_second = *Address::parse("127.0.0.1", 1001);
    const Address source = *Address::parse("127.0.0.1", 0);
    // One port in all, and yet a connection to each: the port was taken at connect(), for that destination only.
    const auto one = connect_tcp(to_first, source, {});
    const auto two = connect_tcp(to_second, source, {});
    ASSERT_TRUE(one) << one.error().text();
    ASSERT_TRUE(two) << two.error().text();
    EXPECT_EQ(local_address(one->socket.get()), local_address(two->socket.get()));

    for (const Address& from : {source, Address{}}) {
      const auto none_left = connect_tcp(to_first, from, {});
      ASSERT_FALSE(none_left);
      EXPECT_EQ(none_left.error().code, EADDRNOTAVAIL);
      EXPECT_EQ(none_left.error().operation, "connect tcp:127.0.0.1:1000");
      EXPECT_NE(none_left.error().detail.find("ports towards this destination are used up"), std::string::npos);
    }
    const auto elsewhere = connect_tcp(to_first, *Address::parse("127.0.0.2", 0), {});
    EXPECT_TRUE(elsewhere) << "another source address has ports of its own";
  });
  if (!ran) GTEST_SKIP() << "no network namespace of its own here";
}

TEST(Connect, T13_a_source_with_a_range_of_ports_uses_these_only) {
  const bool ran = in_own_network("ipv4/ip_local_port_range", "40000 49999", [] {
    const auto listening = listen_tcp(*Address::parse("127.0.0.1", 1000), {}, 1);
    ASSERT_TRUE(listening);
    const Address to = *Address::parse("127.0.0.1", 1000);
    const Source source(*Address::parse("127.0.0.1", 0), PortRange{45000, 45002});
    std::set<std::uint16_t> ports;
    std::vector<Connecting> made;
    for (int each = 0; each < 3; ++each) {
      auto connecting = connect_tcp(to, source, {});
      if (!connecting && connecting.error().code == ENOPROTOOPT) GTEST_SKIP() << connecting.error().text();
      ASSERT_TRUE(connecting) << connecting.error().text();
      ports.insert(local_address(connecting->socket.get()).port());
      made.push_back(std::move(*connecting));
    }
    EXPECT_EQ(ports, (std::set<std::uint16_t>{45000, 45001, 45002}));
    const auto none_left = connect_tcp(to, source, {});
    ASSERT_FALSE(none_left);
    EXPECT_EQ(none_left.error().code, EADDRNOTAVAIL);
    EXPECT_EQ(none_left.error().detail,
              "the ports of 127.0.0.1:45000-45002 towards this destination are used up; give it a wider range, or more "
              "sources");
    EXPECT_TRUE(connect_tcp(to, *Address::parse("127.0.0.1", 0), {})) << "other sources have more ports";
  });
  if (!ran) GTEST_SKIP() << "no network namespace of its own here";
}

TEST(Connect, T13_a_range_beyond_the_kernels_is_ignored_by_the_kernel) {
  const bool ran = in_own_network("ipv4/ip_local_port_range", "40000 40009", [] {
    const auto listening = listen_tcp(*Address::parse("127.0.0.1", 1000), {}, 1);
    ASSERT_TRUE(listening);
    const Source source(*Address::parse("127.0.0.1", 0), PortRange{50000, 50009});
    const auto connecting = connect_tcp(*Address::parse("127.0.0.1", 1000), source, {});
    if (!connecting && connecting.error().code == ENOPROTOOPT) GTEST_SKIP() << connecting.error().text();
    ASSERT_TRUE(connecting) << connecting.error().text();
    EXPECT_LT(local_address(connecting->socket.get()).port(), 40010) << "which is why it is an error at the start";
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
      const auto cookie = connect_tcp(address, {}, {}, kEarly);
      ASSERT_TRUE(cookie);
      EXPECT_EQ(cookie->early, 0U) << "no cookie yet: an ordinary SYN that asks for one";
      EXPECT_EQ(wait_for(cookie->socket.get(), POLLOUT), POLLOUT);
      accept_one(listening);
    }
    const auto connecting = connect_tcp(address, {}, {}, kEarly);
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
    const auto connecting = connect_tcp(local_address(listening.get()), {}, {}, kEarly);
    ASSERT_TRUE(connecting) << connecting.error().text();
    EXPECT_EQ(connecting->early, 0U);
    EXPECT_EQ(wait_for(connecting->socket.get(), POLLOUT), POLLOUT);
  });
  if (!ran) GTEST_SKIP() << "no network namespace of its own here";
}

}  // namespace
}  // namespace lastbyte::net::test
