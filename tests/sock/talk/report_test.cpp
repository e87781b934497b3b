#include "sock/talk/report.h"

#include <gtest/gtest.h>

namespace lastbyte::sock {
namespace {

TEST(Report, says_what_went_each_way_and_what_the_kernel_knew) {
  Tally sent;
  sent.bytes = 5;
  sent.calls = 1;
  sent.urgent = 1;
  sent.checksum.add(std::string_view("hello"));
  Tally received;
  received.bytes = 2048;
  received.calls = 2;
  received.checked = false;
  TcpView tcp;
  tcp.state = 8;
  tcp.bytes_acked = 6;
  tcp.bytes_received = 2049;
  tcp.round_trip_us = 1500;
  const Report report{.local = "a:1",
                      .peer = "b:2",
                      .sent = sent,
                      .received = received,
                      .ending = Ending::reset,
                      .error = "send: ECONNRESET",
                      .with_reset = false,
                      .lasted = std::chrono::milliseconds(1500),
                      .unwritten = 7,
                      .tcp = tcp,
                      .queues = {3, 2, std::nullopt}};
  EXPECT_EQ(
      report_text(report),
      "a:1 <-> b:2: reset by the peer, send: ECONNRESET after 1.500 s\n"
      "  sent      5 bytes in 1 write, xxh64 26c7827d889f6da3, and 1 urgent byte\n"
      "  received  2048 bytes in 2 reads, not checked\n"
      "  lost      7 bytes that were not sent\n"
      "  kernel    CLOSE_WAIT; acknowledged by the peer 6, by us 2049; retransmitted 0 bytes in 0 segments; round trip "
      "1.500 ms\n"
      "  queues    unread 3, unacknowledged 2\n");
}

TEST(Report, says_that_the_close_is_a_reset) {
  const Tally none;
  const Report report{.local = "a:1",
                      .peer = "b:2",
                      .sent = none,
                      .received = none,
                      .ending = Ending::closed,
                      .error = "",
                      .with_reset = true,
                      .tcp = std::nullopt,
                      .queues = {}};
  EXPECT_TRUE(report_text(report).starts_with(
      "a:1 <-> b:2: closed here, without the peer's end of file, with a reset, after 0.000 s\n"));
}

TEST(Ending, only_what_was_not_asked_for_is_a_failure) {
  for (const auto ending : {Ending::reset, Ending::failed, Ending::output_failed}) EXPECT_TRUE(is_failure(ending));
  for (const auto ending :
       {Ending::complete, Ending::closed, Ending::peer_eof, Ending::receive_limit, Ending::idle, Ending::stopped}) {
    EXPECT_FALSE(is_failure(ending));
  }
}

TEST(State, names_are_the_kernels) {
  EXPECT_EQ(state_name(1), "ESTABLISHED");
  EXPECT_EQ(state_name(4), "FIN_WAIT1");
  EXPECT_EQ(state_name(11), "CLOSING");
  EXPECT_EQ(state_name(0), "?");
  EXPECT_EQ(state_name(99), "?");
}

}  // namespace
}  // namespace lastbyte::sock
