// TCP between two peers with nothing in between: the reference for grading a proxy.
#include <gtest/gtest.h>

#include <cerrno>

#include "tests/peers/both.h"

namespace lastbyte::peers {
namespace {

TEST(PlainTcp, a_half_closed_connection_carries_the_answer) {
  const Both seen = run("send 5M; shutdown; expect fin", "expect fin; expect quiet 1ms; send 5M; close");
  EXPECT_EQ(seen.server.received, 5U << 20);
  EXPECT_EQ(seen.client.received, 5U << 20);
  EXPECT_TRUE(seen.client.as_scripted()) << seen.client.text();
}

TEST(PlainTcp, a_reset_comes_after_the_bytes_that_were_acknowledged) {
  const Both seen = run("expect reset", "send 1M; flush; reset");
  EXPECT_EQ(seen.client.received, 1U << 20);
  EXPECT_EQ(seen.client.error, ECONNRESET);
  EXPECT_TRUE(seen.client.reset()) << seen.client.text() << seen.server.text();
  EXPECT_TRUE(seen.client.as_scripted()) << seen.client.text();
}

TEST(PlainTcp, a_reset_throws_away_what_was_not_acknowledged) {
  const Both seen = run("window 4K; await gone; expect reset", "send 20K; signal sent; reset; signal gone");
  EXPECT_LT(seen.client.received, seen.server.sent) << seen.client.text();
  // A delayed acknowledgement may still have been on its way: acknowledged data has arrived, but arrived data may be
  // unacknowledged.
  EXPECT_GE(seen.client.received, seen.server.sent - seen.server.unacknowledged);
  EXPECT_TRUE(seen.client.reset()) << seen.client.text() << seen.server.text();
}

TEST(PlainTcp, close_with_unread_input_resets_and_throws_the_answer_away) {
  const Both seen = run("window 4K; send 1; await gone; expect reset", "send 1M; close-unread; signal gone");
  // The sender waited until its queue had taken the last byte, not until the reader had read.
  EXPECT_EQ(seen.server.unread, 1U);
  EXPECT_TRUE(seen.client.reset()) << seen.client.text();
  EXPECT_LT(seen.client.received, seen.server.sent);
}

TEST(PlainTcp, data_after_close_is_answered_with_a_reset) {
  const Both seen = run("recv 10; expect fin; flood", "send 10; close");
  EXPECT_TRUE(seen.client.fin);
  EXPECT_EQ(seen.client.error, EPIPE) << seen.client.text();
  EXPECT_FALSE(seen.client.reset());  // its input had ended with a FIN
}

TEST(PlainTcp, a_reset_that_a_write_met_first_is_no_fin) {
  // The write takes the error. The read after it returns 0, as after a FIN.
  const Both seen = run("signal here; await gone; flood; expect reset", "await here; reset; signal gone");
  EXPECT_FALSE(seen.client.fin);
  EXPECT_EQ(seen.client.error, ECONNRESET);
  EXPECT_TRUE(seen.client.as_scripted()) << seen.client.text();
}

TEST(PlainTcp, a_reset_after_a_fin_shows_as_an_error_alone) {
  const Both seen =
      run("expect fin; expect quiet 20ms; signal quiet; send 1; expect error", "shutdown; await quiet; close-unread");
  EXPECT_TRUE(seen.client.as_scripted()) << seen.client.text();
  EXPECT_EQ(seen.client.error, EPIPE);
}

TEST(PlainTcp, an_error_is_seen_without_reading) {
  const Both seen = run("expect error; read", "send 1K; flush; reset");
  EXPECT_EQ(seen.client.error, ECONNRESET) << seen.client.text();
  EXPECT_EQ(seen.client.received, 1024U) << seen.client.text();
  EXPECT_FALSE(seen.client.fin);
}

TEST(PlainTcp, an_unread_window_holds_the_sender_back) {
  const Both seen =
      run("window 4K; await full; expect fin", "send-buffer 4K; send 1K; flood | sleep 100ms; signal full; close");
  EXPECT_LT(seen.server.sent, 1U << 20);
  EXPECT_EQ(seen.client.received, seen.server.sent);
  EXPECT_TRUE(seen.client.as_scripted()) << seen.client.text();
}

}  // namespace
}  // namespace lastbyte::peers
