// T4: a reset is not an end of file. T7: a reset is always on purpose. T10: an error is seen once.
#include <gtest/gtest.h>

#include <cerrno>

#include "tests/harness/scene.h"

namespace lastbyte::system_test {
namespace {

/// The source resets after the peer has acknowledged all its bytes. The sink gets all of them, then a reset.
void expect_passed_on(const Played& played, const Observed& source, const Observed& sink) {
  EXPECT_TRUE(source.as_scripted()) << played.text();
  EXPECT_EQ(sink.received, source.sent) << played.text();
  EXPECT_TRUE(sink.reset()) << played.text();
  EXPECT_FALSE(sink.fin) << played.text();
  EXPECT_FALSE(played.record.complete) << played.text();
  EXPECT_EQ(played.record.first, "reset") << played.text();
  expect_counts_agree(played);
}

void expect_client_reset(const Played& played) {
  expect_passed_on(played, played.client, played.server);
  EXPECT_EQ(played.record.first_side, "client") << played.text();
  EXPECT_EQ(played.record.client.end, "reset") << played.text();
  EXPECT_EQ(played.record.client.error, "ECONNRESET") << played.text();
  EXPECT_EQ(played.record.client.undelivered, 0U) << played.text();
}

void expect_server_reset(const Played& played) {
  expect_passed_on(played, played.server, played.client);
  EXPECT_EQ(played.record.first_side, "upstream") << played.text();
  EXPECT_EQ(played.record.upstream.end, "reset") << played.text();
  EXPECT_EQ(played.record.upstream.error, "ECONNRESET") << played.text();
  EXPECT_EQ(played.record.upstream.undelivered, 0U) << played.text();
}

class ResetPassedOn : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Bytes, ResetPassedOn, ::testing::Values("1", "64K", "1M", "5M"),
                         [](const auto& each) { return std::string("After") + each.param; });

// A client's reset before the upstream is connected cancels the attempt (T3). Here it comes after the upstream's first
// byte.

TEST_P(ResetPassedOn, T4_of_the_client) {
  expect_client_reset(play(std::string("recv 1; send ") + GetParam() + "; flush; reset", "send 1; expect reset"));
}

TEST_P(ResetPassedOn, T4_of_the_server) {
  expect_server_reset(play("expect reset", std::string("send ") + GetParam() + "; flush; reset"));
}

TEST_P(ResetPassedOn, T4_to_a_slow_reader) {
  const std::string reader = "window 8K; sleep 50ms; read by 32K every 1ms; expect reset";
  expect_server_reset(play(reader, std::string("send ") + GetParam() + "; flush; reset"));
}

TEST_P(ResetPassedOn, T4_to_a_slow_server) {
  const std::string reader = "window 8K; send 1; sleep 50ms; read by 32K every 1ms; expect reset";
  expect_client_reset(play(std::string("recv 1; send ") + GetParam() + "; flush; reset", reader));
}

TEST(UpstreamReset, T4_at_once_of_the_server) { expect_server_reset(play("send 1; expect reset", "recv 1; reset")); }

TEST(UpstreamReset, T4_at_once_of_the_client) {
  const Played played = play("send 1; await there; reset", "recv 1; signal there; expect reset");
  expect_client_reset(played);
}

TEST(UpstreamReset, T4_in_the_middle_of_a_conversation) {
  const Played played = play("repeat 50 (send 100; recv 100); reset", "repeat 50 (recv 100; send 100); expect reset");
  expect_client_reset(played);
  EXPECT_EQ(played.client.received, 5000U);
}

TEST(UpstreamReset, T4_while_both_send) {
  // The server's bytes are lost with the client; the client's bytes are not.
  const Played played = play("send 2M | flood | recv 1M; flush; reset", "flood | read; expect reset");
  EXPECT_TRUE(played.server.reset()) << played.text();
  EXPECT_EQ(played.server.received, played.client.sent) << played.text();
  expect_counts_agree(played);
}

TEST(UpstreamReset, T4_after_the_servers_own_fin) {
  // The server has ended its half. The client's reset still reaches it.
  const Played played = play("expect fin; send 100K; flush; reset", "send 10; shutdown; expect reset");
  EXPECT_TRUE(played.server.reset()) << played.text();
  EXPECT_EQ(played.server.received, 100U << 10) << played.text();
  EXPECT_EQ(played.record.client.end, "reset") << played.text();
}

TEST(UpstreamReset, T4_after_the_clients_own_fin) {
  const Played played = play("send 10; shutdown; expect reset", "expect fin; send 100K; flush; reset");
  EXPECT_TRUE(played.client.reset()) << played.text();
  EXPECT_EQ(played.client.received, 100U << 10) << played.text();
  EXPECT_EQ(played.record.upstream.end, "reset") << played.text();
}

TEST(ResetFlush, T4_what_is_unacknowledged_at_the_bound_is_counted_as_lost) {
  // The client never reads: its window fills, and the time limit passes.
  const Played played = play("window 4K; await over; expect reset", "send 1M; flush; reset; sleep 1500ms; signal over",
                             {"--limits-reset-flush", "1s", "--upstream-receive-buffer", "4M"});
  const auto& flow = played.record.upstream;
  EXPECT_EQ(played.record.limit, "reset_flush") << played.text();
  EXPECT_GT(flow.undelivered, 0U) << played.text();
  EXPECT_EQ(flow.received, played.server.sent) << played.text();
  EXPECT_EQ(flow.delivered, played.client.received) << played.text();
  EXPECT_TRUE(played.client.reset()) << played.text();
  EXPECT_GE(played.record.duration_us, 1'000'000) << played.text();
}

TEST(ResetFlush, T4_ends_as_soon_as_all_is_acknowledged) {
  const Played played = play("window 4K; await gone; expect reset", "send 500K; flush; reset; signal gone",
                             {"--limits-reset-flush", "1h"});
  expect_server_reset(played);
  EXPECT_EQ(played.record.limit, "none") << played.text();
}

TEST(ResetOnPurpose, T7_never_at_the_end_of_a_session_that_ends_well) {
  for (int round = 0; round < 20; ++round) {
    const Played played =
        play("send 100K; shutdown; expect fin; sleep 5ms", "expect fin; send 100K; shutdown; sleep 5ms");
    expect_complete(played);
    EXPECT_EQ(played.client.error + played.server.error, 0) << played.text();
  }
}

TEST(LatchedError, T10_a_reset_that_a_write_met_first_is_passed_on) {
  // Both send when the client resets, so sometimes a write meets the error first, sometimes a read.
  for (int round = 0; round < 30; ++round) {
    const Played played = play("flood | recv 200K; reset", "flood | read; expect reset");
    EXPECT_TRUE(played.server.reset()) << played.text();
    EXPECT_FALSE(played.server.fin) << played.text();
    EXPECT_EQ(played.record.client.end, "reset") << played.text();
    EXPECT_NE(played.record.client.error, "") << played.text();
    expect_counts_agree(played);
  }
}

TEST(LatchedError, T10_the_same_of_a_server) {
  for (int round = 0; round < 30; ++round) {
    const Played played = play("flood | read; expect reset", "flood | recv 200K; reset");
    EXPECT_TRUE(played.client.reset()) << played.text();
    EXPECT_FALSE(played.client.fin) << played.text();
    EXPECT_EQ(played.record.upstream.end, "reset") << played.text();
    EXPECT_NE(played.record.upstream.error, "") << played.text();
    expect_counts_agree(played);
  }
}

}  // namespace
}  // namespace lastbyte::system_test
