// T8: every wait has a limit, and the record names the limit that ended it. early_test.cpp has the connect limit,
// reset_test.cpp the reset flush, refusal_test.cpp lingering, stop_test.cpp the drain.
#include <gtest/gtest.h>

#include <cerrno>

#include "tests/harness/scene.h"

namespace lastbyte::system_test {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;

void expect_given_up(const Played& played, const std::string& limit, milliseconds after) {
  EXPECT_TRUE(played.client.reset()) << played.text();
  EXPECT_EQ(played.record.limit, limit) << played.text();
  EXPECT_FALSE(played.record.complete);
  EXPECT_EQ(played.record.client.end, "limit") << played.text();
  EXPECT_EQ(played.record.upstream.end, "limit") << played.text();
  EXPECT_NE(played.record.summary.find(limit + " limit passed"), std::string::npos) << played.text();
  EXPECT_GE(microseconds(played.record.duration_us), after) << played.text();
  expect_counts_agree(played);
}

TEST(Idle, T8_ends_a_session_without_a_bit) {
  const Played played = play("send 10; expect reset", "recv 10; expect reset", {"--limits-idle", "300ms"});
  expect_given_up(played, "idle", milliseconds(300));
  EXPECT_EQ(played.record.first, "limit") << played.text();
  EXPECT_TRUE(played.server.reset()) << played.text();
}

TEST(Idle, T8_bytes_in_either_direction_keep_a_session_alive) {
  expect_complete(play("repeat 8 (send 1; sleep 100ms); repeat 8 (recv 1); shutdown; expect fin",
                       "recv 8; repeat 8 (send 1; sleep 100ms); expect fin; close", {"--limits-idle", "500ms"}));
}

TEST(Idle, T8_is_not_for_half_closed_sessions) {
  expect_complete(play("shutdown; expect fin", "expect fin; sleep 500ms; send 10; close",
                       {"--limits-idle", "100ms", "--limits-half-close", "1h"}));
}

TEST(HalfCloseLimit, T8_ends_a_session_whose_peer_never_finishes) {
  const Played played =
      play("send 10; shutdown; expect reset", "expect fin; signal fin; expect quiet 100ms; expect error",
           {"--limits-half-close", "300ms", "--limits-idle", "1h"});
  expect_given_up(played, "half_close", milliseconds(300));
  EXPECT_EQ(played.record.first, "fin") << played.text();
  EXPECT_TRUE(played.server.error == ECONNRESET || played.server.error == EPIPE) << played.text();
}

TEST(HalfCloseLimit, T8_ends_one_that_the_upstream_has_half_closed) {
  const Played played =
      play("recv 10; expect fin; signal fin; await over; flood",
           "send 10; shutdown; await fin; expect reset; signal over", {"--limits-half-close", "300ms"});
  EXPECT_EQ(played.record.limit, "half_close") << played.text();
  EXPECT_TRUE(played.server.reset()) << played.text();
}

TEST(HalfCloseLimit, T8_bytes_keep_the_answer_alive) {
  expect_complete(play("shutdown; expect fin", "expect fin; repeat 8 (send 1; sleep 100ms); close",
                       {"--limits-half-close", "500ms"}));
}

TEST(HalfCloseLimit, T8_a_reader_that_is_slow_but_reads_is_alive) {
  // The source has ended, and the sink takes seconds for the waiting bytes.
  expect_complete(play("window 32K; shutdown; read by 64K every 10ms; expect fin", "expect fin; send 4M; close",
                       {"--limits-half-close", "500ms"}));
}

TEST(HalfCloseLimit, T8_a_stuck_reader_is_given_up_within_a_quarter_more) {
  const Played played = play("window 4K; recv 1; expect error", "send 100K; shutdown; expect error",
                             {"--limits-half-close", "8s", "--limits-idle", "1h"});
  EXPECT_EQ(played.record.limit, "half_close") << played.text();
  EXPECT_GE(microseconds(played.record.duration_us), seconds(8)) << played.text();
  EXPECT_LT(microseconds(played.record.duration_us), seconds(15)) << "nearly twice the limit: " << played.text();
}

TEST(Vanished, T8_a_client_that_is_gone_is_found_by_keepalive) {
  const Played played =
      play("recv 1; vanish; signal gone; await over", "send 1; await gone; expect reset; signal over",
           {"--client-keepalive-idle", "1s", "--client-keepalive-interval", "1s", "--client-keepalive-count", "2"});
  EXPECT_TRUE(played.server.reset()) << played.text();
  EXPECT_FALSE(played.server.fin) << played.text();
  EXPECT_EQ(played.record.client.end, "vanished") << played.text();
  EXPECT_EQ(played.record.client.error, "ETIMEDOUT") << played.text();
  EXPECT_EQ(played.record.first, "vanished") << played.text();
  EXPECT_EQ(played.record.first_side, "client") << played.text();
}

TEST(Vanished, T8_a_server_that_is_gone_is_found_by_keepalive) {
  const Played played = play(
      "recv 1; expect reset; signal over", "send 1; vanish; await over",
      {"--upstream-keepalive-idle", "1s", "--upstream-keepalive-interval", "1s", "--upstream-keepalive-count", "2"});
  EXPECT_TRUE(played.client.reset()) << played.text();
  EXPECT_EQ(played.record.upstream.end, "vanished") << played.text();
  EXPECT_EQ(played.record.upstream.error, "ETIMEDOUT") << played.text();
}

TEST(Vanished, T8_a_server_that_acknowledges_nothing_is_found_by_the_user_timeout) {
  const Played played = play("recv 1; await gone; send 1000; expect reset; signal over",
                             "send 1; vanish; signal gone; await over", {"--upstream-user-timeout", "1s"});
  EXPECT_TRUE(played.client.reset()) << played.text();
  EXPECT_EQ(played.record.upstream.end, "vanished") << played.text();
  EXPECT_EQ(played.record.client.undelivered, 1000U) << played.text();
  expect_counts_agree(played);
}

TEST(Vanished, T8_a_half_closed_client_that_is_gone_is_found_too) {
  const Played played = play("shutdown; flush; vanish; signal gone; await over",
                             "expect fin; await gone; send 1000; flood by 1 every 20ms; signal over",
                             {"--client-user-timeout", "1s", "--linger-time", "300ms", "--linger-timeout", "300ms"});
  EXPECT_NE(played.server.error, 0) << played.text();
  EXPECT_FALSE(played.record.complete) << played.text();
  EXPECT_EQ(played.record.client.end, "vanished") << played.text();
  EXPECT_EQ(played.record.client.error, "ETIMEDOUT") << played.text();
  expect_counts_agree(played);
}

}  // namespace
}  // namespace lastbyte::system_test
