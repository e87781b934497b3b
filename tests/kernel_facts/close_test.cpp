// How Linux shuts down or closes a socket: what it sends, what is lost, what blocks.
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <fstream>

#include "net/socket/calls.h"
#include "net/tcp/connect.h"
#include "net/tcp/connection.h"
#include "net/tcp/listen.h"
#include "tests/harness/loopback.h"

namespace lastbyte::net::test {
namespace {

using KernelFactUnderLoss = UnderLoss;

/// A server with much more to send than the client's window holds, and with an unread request.
Pair with_unread_request_and_full_send_queue(std::size_t& sent) {
  Pair pair = connected_pair();
  EXPECT_TRUE(send_all(pair.client, "unread request"));
  EXPECT_TRUE(wait_for(pair.server.get(), POLLIN) & POLLIN);
  sent = fill(pair.server);
  EXPECT_GT(unacknowledged(pair.server.get()), 0U);
  return pair;
}

TEST(KernelFact, close_with_unread_input_sends_a_reset_and_throws_the_send_queue_away) {
  std::size_t sent = 0;
  Pair pair = with_unread_request_and_full_send_queue(sent);
  pair.server.close();
  ASSERT_TRUE(wait_for(pair.client.get(), 0) & POLLERR);
  const Drained got = drain(pair.client);
  EXPECT_EQ(got.error, "ECONNRESET");
  EXPECT_LT(got.bytes, sent);
}

TEST(KernelFact, shutdown_before_it_does_not_save_the_send_queue) {
  std::size_t sent = 0;
  Pair pair = with_unread_request_and_full_send_queue(sent);
  ::shutdown(pair.server.get(), SHUT_WR);
  pair.server.close();
  const Drained got = drain(pair.client);
  EXPECT_EQ(got.error, "ECONNRESET");
  EXPECT_LT(got.bytes, sent);
}

TEST(KernelFact, reading_the_request_before_close_saves_the_send_queue) {
  std::size_t sent = 0;
  Pair pair = with_unread_request_and_full_send_queue(sent);
  EXPECT_EQ(receive(pair.server, 1), "14");
  pair.server.close();
  const Drained got = drain(pair.client);
  EXPECT_EQ(got.error, "");
  EXPECT_EQ(got.bytes, sent);
}

TEST(KernelFact, a_fin_that_lies_unread_is_no_unread_input) {
  Pair pair = connected_pair();
  ::shutdown(pair.client.get(), SHUT_WR);
  ASSERT_TRUE(wait_for(pair.server.get(), POLLRDHUP) & POLLRDHUP);
  const auto sent = fill(pair.server);
  pair.server.close();
  const Drained got = drain(pair.client);
  EXPECT_EQ(got.error, "");
  EXPECT_EQ(got.bytes, sent);
}

TEST(KernelFact, a_nonzero_linger_time_blocks_close_even_on_a_nonblocking_socket) {
  Pair pair = connected_pair();
  fill(pair.server);
  const linger wait{.l_onoff = 1, .l_linger = 1};
  ASSERT_EQ(::setsockopt(pair.server.get(), SOL_SOCKET, SO_LINGER, &wait, sizeof wait), 0);
  const auto before = std::chrono::steady_clock::now();
  pair.server.close();
  // Checks only that it waited: the whole second, minus the clocks' precision.
  EXPECT_GE(std::chrono::steady_clock::now() - before, std::chrono::milliseconds(900));
}

TEST(KernelFact, msg_trunc_discards_tcp_input_without_a_buffer) {
  const Pair pair = connected_pair();
  ASSERT_TRUE(send_all(pair.server, "discard me, keep this"));
  ASSERT_TRUE(wait_for(pair.client.get(), POLLIN) & POLLIN);
  EXPECT_EQ(::recv(pair.client.get(), nullptr, 12, MSG_TRUNC), 12);
  std::array<char, 32> rest{};
  EXPECT_EQ(::recv(pair.client.get(), rest.data(), rest.size(), 0), 9);
  EXPECT_STREQ(rest.data(), "keep this");
}

TEST(KernelFact, msg_trunc_takes_more_than_is_there_and_sees_endings_as_recv_does) {
  constexpr std::size_t more = 1U << 20U;
  Pair pair = connected_pair();
  EXPECT_EQ(outcome(::recv(pair.client.get(), nullptr, more, MSG_TRUNC)), "EAGAIN");
  ASSERT_TRUE(send_all(pair.server, "12345"));
  ASSERT_TRUE(eventually([&] { return unacknowledged(pair.server.get()) == 0; }));
  reset_and_close(pair.server);
  ASSERT_TRUE(wait_for(pair.client.get(), 0) & POLLERR);
  for (const std::string expected : {"5", "ECONNRESET", "0"}) {
    EXPECT_EQ(outcome(::recv(pair.client.get(), nullptr, more, MSG_TRUNC)), expected);
  }
}

TEST(KernelFact, shut_rd_sends_nothing_and_discards_nothing_and_later_input_is_still_readable) {
  const Pair pair = connected_pair();
  ASSERT_TRUE(send_all(pair.server, "before"));
  ASSERT_TRUE(wait_for(pair.client.get(), POLLIN) & POLLIN);
  ASSERT_EQ(::shutdown(pair.client.get(), SHUT_RD), 0);
  EXPECT_EQ(receive(pair.client, 2), "6 0");
  ASSERT_TRUE(send_all(pair.server, "after"));
  ASSERT_TRUE(eventually([&] { return unread(pair.client) == 5; }));
  EXPECT_EQ(receive(pair.client, 2), "5 0");
  EXPECT_EQ(events_now(pair.server.get(), POLLIN | POLLRDHUP), 0) << "the peer was told nothing";
  EXPECT_EQ(state(pair.server), "ESTABLISHED");
}

TEST(KernelFact, a_fin_whose_peer_stays_open_leaves_fin_wait2_on_the_open_socket) {
  const Pair pair = connected_pair();
  ::shutdown(pair.client.get(), SHUT_WR);
  EXPECT_TRUE(eventually([&] { return state(pair.client) == "FIN_WAIT2"; }));
  ASSERT_TRUE(send_all(pair.server, "still talking"));
  EXPECT_EQ(receive(pair.client, 1), "13");
}

/// Returns the state of the connection between these two ports of 127.0.0.1 in /proc/net/tcp; "": there is none.
std::string listed_state(std::uint16_t local, std::uint16_t remote) {
  std::array<char, 64> wanted{};
  std::snprintf(wanted.data(), wanted.size(), "0100007F:%04X 0100007F:%04X ", local, remote);
  std::ifstream file("/proc/net/tcp");
  for (std::string line; std::getline(file, line);) {
    const auto at = line.find(wanted.data());
    if (at != std::string::npos) return line.substr(at + std::string(wanted.data()).size(), 2);
  }
  return "";
}

TEST(KernelFact, time_wait_begins_when_the_peers_fin_arrives_and_not_at_close) {
  constexpr auto time_wait = "06";
  Pair pair = connected_pair();
  const auto local = local_address(pair.client.get()).port();
  const auto remote = local_address(pair.server.get()).port();
  ::shutdown(pair.client.get(), SHUT_WR);
  ASSERT_TRUE(eventually([&] { return state(pair.client) == "FIN_WAIT2"; }));
  pair.server.close();
  EXPECT_EQ(receive(pair.client, 1), "0");
  EXPECT_EQ(state(pair.client), "CLOSE") << "the socket is an empty shell already";
  EXPECT_EQ(listed_state(local, remote), time_wait) << "and the open descriptor's connection waits without it";
  reset_and_close(pair.client);
  EXPECT_EQ(listed_state(local, remote), time_wait) << "so that SO_LINGER comes too late";
}

TEST(KernelFact, the_side_that_closes_second_has_no_time_wait) {
  Pair pair = connected_pair();
  const auto local = local_address(pair.client.get()).port();
  const auto remote = local_address(pair.server.get()).port();
  ::shutdown(pair.server.get(), SHUT_WR);
  EXPECT_EQ(receive(pair.client, 1), "0");
  pair.client.close();
  EXPECT_EQ(receive(pair.server, 1), "0");
  EXPECT_TRUE(eventually([&] { return listed_state(remote, local) == "06"; }));
  EXPECT_TRUE(eventually([&] { return listed_state(local, remote).empty(); }));
}

TEST(KernelFact, a_port_in_time_wait_is_used_again_for_the_same_destination_after_a_second_on_loopback) {
  // By default net.ipv4.tcp_tw_reuse is 2 and timestamps are on (net/ipv4/tcp_ipv4.c tcp_twsk_unique).
  const bool ran = in_own_network("ipv4/ip_local_port_range", "50000 50000", [] {
    const auto listening = listen_tcp(*Address::parse("127.0.0.1", 1000), {}, 1);
    ASSERT_TRUE(listening);
    const Address to = *Address::parse("127.0.0.1", 1000);
    Descriptor client = connect_to(to);
    Descriptor server = accept_one(listening->front());
    client.close();
    EXPECT_EQ(receive(server, 1), "0");
    server.close();
    EXPECT_EQ(connect_tcp(to, {}, {}).error().code, EADDRNOTAVAIL) << "the only port is waiting";
    EXPECT_TRUE(eventually([&] { return connect_tcp(to, {}, {}).has_value(); }));
  });
  if (!ran) GTEST_SKIP() << "no network namespace of its own here";
}

TEST(KernelFact, connecting_to_a_local_port_that_nobody_listens_on_may_connect_the_socket_to_itself) {
  const bool ran = in_own_network("ipv4/ip_local_port_range", "50000 50000", [] {
    const auto itself = connect_tcp(*Address::parse("127.0.0.1", 50000), {}, {});
    ASSERT_TRUE(itself) << itself.error().text();
    EXPECT_TRUE(is_its_own_peer(itself->socket.get()));
    ASSERT_TRUE(send_all(itself->socket, "echo"));
    EXPECT_EQ(receive(itself->socket, 1), "4");
  });
  if (!ran) GTEST_SKIP() << "no network namespace of its own here";
  const Pair pair = connected_pair();
  EXPECT_FALSE(is_its_own_peer(pair.client.get()));
  EXPECT_FALSE(is_its_own_peer(pair.server.get()));
}

TEST_F(KernelFactUnderLoss, the_first_small_write_is_never_delayed_but_the_second_is_without_tcp_nodelay) {
  // Minshall's rule, net/ipv4/tcp_output.c tcp_nagle_check: it allows a late set_nodelay().
  const Pair pair = connected_pair();
  const Deaf no_acknowledgements(pair.client);
  ASSERT_TRUE(send_all(pair.client, "first"));
  EXPECT_TRUE(eventually([&] { return unread(pair.server) == 5; }));
  ASSERT_TRUE(send_all(pair.client, "second"));
  EXPECT_EQ(unsent(pair.client), 6U) << "held until the first is acknowledged";
  set_nodelay(pair.client.get());
  EXPECT_EQ(unsent(pair.client), 0U) << "setting the option sends at once what was held";
  EXPECT_TRUE(eventually([&] { return unread(pair.server) == 11; }));
}

TEST_F(KernelFactUnderLoss, a_first_write_of_several_segments_is_sent_whole_though_the_last_one_is_small) {
  const Descriptor listening = listener();
  const int segment = 1000;
  ASSERT_EQ(::setsockopt(listening.get(), IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof segment), 0);
  const Descriptor client = connect_to(local_address(listening.get()));
  const Descriptor server = accept_one(listening);
  const Deaf no_acknowledgements(client);
  ASSERT_TRUE(send_all(client, std::string(2500, 'x')));
  EXPECT_TRUE(eventually([&] { return unread(server) == 2500; }));
}

TEST(KernelFact, a_unix_peer_that_closes_with_unread_input_gives_its_data_and_then_econnreset) {
  Pair pair = unix_pair();
  ASSERT_TRUE(send_all(pair.client, "unread request"));
  ASSERT_TRUE(send_all(pair.server, "answer"));
  pair.server.close();
  EXPECT_EQ(receive(pair.client, 3), "6 ECONNRESET 0");
}

TEST(KernelFact, a_unix_peer_that_closes_with_nothing_unread_gives_its_data_and_then_0) {
  Pair pair = unix_pair();
  ASSERT_TRUE(send_all(pair.server, "answer"));
  pair.server.close();
  EXPECT_EQ(receive(pair.client, 2), "6 0");
}

}  // namespace
}  // namespace lastbyte::net::test
