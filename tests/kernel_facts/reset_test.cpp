// How Linux reports a reset by the peer: which call sees what, and in which order. The relay depends on these facts; a
// kernel on which one of them differs fails here first. Transcripts read from left to right.
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <fstream>
#include <sstream>

#include "net/socket/calls.h"
#include "net/tcp/connection.h"
#include "tests/harness/loopback.h"

namespace lastbyte::net::test {
namespace {

using KernelFactUnderLoss = UnderLoss;

constexpr std::size_t kQueued = 1000;

/// A pair whose client has 1000 unread bytes and was then reset by the server.
Pair reset_with_bytes_queued() {
  Pair pair = connected_pair();
  EXPECT_TRUE(send_all(pair.server, std::string(kQueued, 'x')));
  EXPECT_TRUE(eventually([&] { return unacknowledged(pair.server.get()) == 0; }));
  reset_and_close(pair.server);
  EXPECT_TRUE(wait_for(pair.client.get(), 0) & POLLERR);
  return pair;
}

TEST(KernelFact, a_received_reset_keeps_the_receive_queue_then_tells_the_error_once_then_reads_0) {
  EXPECT_EQ(receive(reset_with_bytes_queued().client, 4), "1000 ECONNRESET 0 0");
}

TEST(KernelFact, splice_sees_a_reset_in_the_same_order_as_recv) {
  EXPECT_EQ(receive_by_splice(reset_with_bytes_queued().client, 4), "1000 ECONNRESET 0 0");
}

TEST(KernelFact, a_write_that_sees_the_reset_leaves_a_read_of_0_that_looks_like_a_fin) {
  const Pair pair = reset_with_bytes_queued();
  EXPECT_EQ(send_one(pair.client), "ECONNRESET");
  EXPECT_EQ(send_one(pair.client), "EPIPE");
  EXPECT_EQ(receive(pair.client, 3), "1000 0 0");
}

TEST(KernelFact, a_write_that_sees_the_reset_leaves_a_splice_of_0_that_looks_like_a_fin) {
  const Pair pair = reset_with_bytes_queued();
  EXPECT_EQ(send_one(pair.client), "ECONNRESET");
  EXPECT_EQ(receive_by_splice(pair.client, 2), "1000 0");
}

TEST(KernelFact, reading_so_error_takes_the_error_away_too) {
  const Pair pair = reset_with_bytes_queued();
  EXPECT_EQ(take_error(pair.client.get()), ECONNRESET);
  EXPECT_EQ(take_error(pair.client.get()), 0);
  EXPECT_EQ(send_one(pair.client), "EPIPE");
  EXPECT_EQ(receive(pair.client, 2), "1000 0");
}

TEST(KernelFact, shutdown_after_a_reset_fails_with_enotconn_and_takes_no_error) {
  const Pair pair = reset_with_bytes_queued();
  EXPECT_EQ(::shutdown(pair.client.get(), SHUT_WR), -1);
  EXPECT_EQ(errno, ENOTCONN);
  EXPECT_EQ(receive(pair.client, 2), "1000 ECONNRESET");
}

TEST(KernelFact, a_fin_then_a_reset_reads_0_for_ever_and_the_error_is_epipe) {
  Pair pair = connected_pair();
  ASSERT_TRUE(send_all(pair.server, "answer"));
  pair.server.close();  // clean: nothing was unread. The server's kernel answers our write with a reset.
  ASSERT_TRUE(wait_for(pair.client.get(), POLLRDHUP) & POLLRDHUP);
  EXPECT_EQ(send_one(pair.client), "1");
  ASSERT_TRUE(wait_for(pair.client.get(), 0) & POLLERR);
  EXPECT_EQ(receive(pair.client, 4), "6 0 0 0");
  EXPECT_EQ(take_error(pair.client.get()), EPIPE) << "reading did not take it";
  EXPECT_EQ(receive(pair.client, 1), "0");
}

TEST(KernelFact, a_fin_then_a_reset_fails_a_write_with_epipe_and_takes_the_error) {
  Pair pair = connected_pair();
  ASSERT_TRUE(send_all(pair.server, "answer"));
  pair.server.close();
  ASSERT_TRUE(wait_for(pair.client.get(), POLLRDHUP) & POLLRDHUP);
  EXPECT_EQ(send_one(pair.client), "1");
  ASSERT_TRUE(wait_for(pair.client.get(), 0) & POLLERR);
  EXPECT_EQ(send_one(pair.client), "EPIPE");
  EXPECT_EQ(take_error(pair.client.get()), 0);
  EXPECT_EQ(receive(pair.client, 2), "6 0");
}

TEST(KernelFact, a_fin_then_a_reset_splices_as_it_reads) {
  Pair pair = connected_pair();
  ASSERT_TRUE(send_all(pair.server, "answer"));
  pair.server.close();
  ASSERT_TRUE(wait_for(pair.client.get(), POLLRDHUP) & POLLRDHUP);
  EXPECT_EQ(send_one(pair.client), "1");
  ASSERT_TRUE(wait_for(pair.client.get(), 0) & POLLERR);
  EXPECT_EQ(receive_by_splice(pair.client, 2), "6 0");
  EXPECT_EQ(take_error(pair.client.get()), EPIPE);
}

TEST(KernelFact, data_that_arrives_after_close_is_answered_with_a_reset) {
  Pair pair = connected_pair();
  ::shutdown(pair.client.get(), SHUT_RD);  // sends nothing to the peer
  pair.server.close();
  ASSERT_TRUE(wait_for(pair.client.get(), POLLRDHUP) & POLLRDHUP);
  EXPECT_EQ(events_now(pair.client.get(), 0), 0);
  EXPECT_EQ(send_one(pair.client), "1");
  EXPECT_TRUE(wait_for(pair.client.get(), 0) & POLLERR);
}

/// A pair in LAST_ACK: the peer's FIN has come, and ours waits behind data that the peer has no room for.
Pair in_last_ack() {
  Pair pair = connected_pair();
  EXPECT_TRUE(send_all(pair.server, "answer"));
  ::shutdown(pair.server.get(), SHUT_WR);
  EXPECT_TRUE(wait_for(pair.client.get(), POLLRDHUP) & POLLRDHUP);
  fill(pair.client);
  ::shutdown(pair.client.get(), SHUT_WR);
  EXPECT_EQ(state(pair.client), "LAST_ACK");
  return pair;
}

TEST(KernelFact, a_reset_after_both_fins_is_econnreset_but_reading_goes_on_to_say_0) {
  // net/ipv4/tcp.c tcp_recvmsg_locked checks SOCK_DONE, which the FIN set, before sk_err.
  Pair pair = in_last_ack();
  reset_and_close(pair.server);
  ASSERT_TRUE(wait_for(pair.client.get(), 0) & POLLERR);
  EXPECT_EQ(receive(pair.client, 3), "6 0 0");
  EXPECT_EQ(take_error(pair.client.get()), ECONNRESET);
}

TEST(KernelFact, after_both_fins_a_write_says_epipe_or_the_reset_and_reading_is_not_changed) {
  Pair pair = in_last_ack();
  reset_and_close(pair.server);
  ASSERT_TRUE(wait_for(pair.client.get(), 0) & POLLERR);
  EXPECT_EQ(send_one(pair.client), "ECONNRESET");
  EXPECT_EQ(send_one(pair.client), "EPIPE");
  EXPECT_EQ(receive(pair.client, 2), "6 0");
}

TEST(KernelFact, a_reset_after_our_fin_alone_is_told_like_any_other) {
  Pair pair = connected_pair();
  ::shutdown(pair.client.get(), SHUT_WR);
  ASSERT_EQ(receive(pair.server, 1), "0");
  ASSERT_TRUE(send_all(pair.server, "half an answer"));
  ASSERT_TRUE(eventually([&] { return unacknowledged(pair.server.get()) == 0; }));
  reset_and_close(pair.server);
  ASSERT_TRUE(wait_for(pair.client.get(), 0) & POLLERR);
  EXPECT_EQ(receive(pair.client, 3), "14 ECONNRESET 0");
}

TEST(KernelFact, siocoutq_still_tells_what_was_not_acknowledged_after_a_reset) {
  Pair pair = connected_pair();
  const auto sent = static_cast<std::uint32_t>(fill(pair.client));
  // The acknowledgement of what the peer has queued may come a little later than the bytes (delayed ACK).
  ASSERT_TRUE(eventually(
      [&] { return unacknowledged(pair.client.get()) + static_cast<std::uint32_t>(unread(pair.server)) == sent; }));
  const std::uint32_t before = unacknowledged(pair.client.get());
  ASSERT_GT(before, 0U);
  reset_and_close(pair.server);
  ASSERT_TRUE(wait_for(pair.client.get(), 0) & POLLERR);
  EXPECT_EQ(unacknowledged(pair.client.get()), before);
  EXPECT_EQ(send_one(pair.client), "ECONNRESET");
  EXPECT_EQ(unacknowledged(pair.client.get()), before) << "nor does a failed write change it";
}

TEST(KernelFact, so_linger_1_0_discards_what_was_accepted_but_not_acknowledged) {
  Pair pair = connected_pair();
  const auto sent = fill(pair.server);
  const auto owed = unacknowledged(pair.server.get());
  ASSERT_GT(owed, 0U);
  reset_and_close(pair.server);
  const Drained got = drain(pair.client);
  EXPECT_EQ(got.error, "ECONNRESET");
  EXPECT_LT(got.bytes, sent);
}

TEST(KernelFact, so_linger_1_0_loses_nothing_once_siocoutq_is_0) {
  Pair pair = connected_pair();
  ASSERT_TRUE(send_all(pair.server, std::string(50'000, 'x')));
  ASSERT_TRUE(eventually([&] { return unacknowledged(pair.server.get()) == 0; }));
  reset_and_close(pair.server);
  const Drained got = drain(pair.client);
  EXPECT_EQ(got.bytes, 50'000U);
  EXPECT_EQ(got.error, "ECONNRESET");
}

/// Returns TcpExt's TCPChallengeACK of this network namespace.
long challenges() {
  std::ifstream file("/proc/net/netstat");
  std::string name_line;
  std::string value_line;
  while (std::getline(file, name_line) && std::getline(file, value_line)) {
    std::istringstream names(name_line);
    std::istringstream values(value_line);
    std::string value;
    for (std::string name; names >> name && values >> value;) {
      if (name == "TCPChallengeACK") return std::stol(value);
    }
  }
  return -1;
}

TEST_F(KernelFactUnderLoss, a_reset_that_overtook_lost_data_is_challenged_first_and_the_data_never_comes) {
  // Only a reset at exactly the next byte counts (RFC 5961 section 3.2, net/ipv4/tcp_input.c tcp_validate_incoming).
  Pair pair = connected_pair();
  ASSERT_TRUE(send_all(pair.server, "here"));
  ASSERT_TRUE(eventually([&] { return unacknowledged(pair.server.get()) == 0; }));
  {
    const Deaf data_is_lost(pair.client);
    ASSERT_TRUE(send_all(pair.server, "lost"));
  }
  const long before = challenges();
  reset_and_close(pair.server);
  ASSERT_TRUE(wait_for(pair.client.get(), 0) & POLLERR);
  EXPECT_GT(challenges(), before);
  EXPECT_EQ(receive(pair.client, 3), "4 ECONNRESET 0");
}

TEST(KernelFact, tcp_user_timeout_aborts_a_peer_that_only_keeps_its_window_closed) {
  ConnectOptions options;
  options.socket.user_timeout = std::chrono::milliseconds(300);
  const Pair pair = connected_pair({}, options);
  fill(pair.client);  // the server never reads, but its kernel answers every probe
  ASSERT_TRUE(wait_for(pair.client.get(), 0) & POLLERR);
  EXPECT_EQ(take_error(pair.client.get()), ETIMEDOUT);
  EXPECT_EQ(receive(pair.client, 1), "0") << "once the error is taken this looks like a FIN too";
}

TEST_F(KernelFactUnderLoss, a_peer_that_vanished_while_idle_is_found_by_keepalive) {
  const Pair pair = connected_pair();
  apply_keepalive(pair.client.get(), {true, std::chrono::seconds(1), std::chrono::seconds(1), 1});
  const Deaf vanished(pair.server);
  ASSERT_TRUE(wait_for(pair.client.get(), POLLIN) & POLLERR);
  EXPECT_EQ(receive(pair.client, 2), "ETIMEDOUT 0");
}

}  // namespace
}  // namespace lastbyte::net::test
