// What is known of one socket: readiness and ledger.
#include "relay/side/side.h"

#include <gtest/gtest.h>
#include <sys/epoll.h>

namespace lastbyte::relay {
namespace {

TEST(Readiness, stands_until_a_call_takes_it_back) {
  Readiness ready;
  ready.take(EPOLLIN);
  EXPECT_EQ(ready, (Readiness{.readable = true}));
  ready.take(EPOLLOUT);
  EXPECT_EQ(ready, (Readiness{.readable = true, .writable = true}));
}

TEST(Readiness, a_fin_is_there_to_be_read) {
  Readiness ready;
  ready.take(EPOLLRDHUP);
  EXPECT_EQ(ready, (Readiness{.readable = true, .hung_up = true}));
}

TEST(Readiness, an_error_is_met_by_whichever_call_comes_first) {
  Readiness ready;
  ready.take(EPOLLERR);
  EXPECT_EQ(ready, (Readiness{.readable = true, .writable = true, .hung_up = true, .trouble = true}));
}

TEST(Side, T10_the_first_errno_is_the_one_that_is_kept) {
  Side side;
  side.latch(ECONNRESET);
  side.latch(EPIPE);
  EXPECT_EQ(side.error, ECONNRESET);
}

TEST(Ledger, T11_what_was_received_is_delivered_or_undelivered) {
  const Ledger from{.received = 100, .discarded = 10, .dropped = 20};
  const Ledger to{.unacknowledged = 30, .sent = 70};
  const FlowRecord record = flow_record(from, to);
  EXPECT_EQ(record.delivered, 40U);
  EXPECT_EQ(record.undelivered, 60U);
  EXPECT_EQ(record.received, record.delivered + record.undelivered);
}

TEST(Ledger, T11_our_own_header_is_not_the_clients) {
  const Ledger from{.received = 5};
  const Ledger to{.preface = 16, .unacknowledged = 18, .sent = 21};
  const FlowRecord record = flow_record(from, to);
  EXPECT_EQ(record.delivered, 0U);
  EXPECT_EQ(record.undelivered, 5U) << "of 18 bytes that nobody acknowledged, 5 at most are the client's";
}

TEST(Ledger, T11_a_byte_that_is_not_acknowledged_is_not_rescued) {
  const Ledger from{.received = 100, .rescued = 60};
  EXPECT_EQ(flow_record(from, Ledger{.unacknowledged = 20, .sent = 100}).rescued, 40U);
  EXPECT_EQ(flow_record(from, Ledger{.unacknowledged = 70, .sent = 100}).rescued, 0U);
}

TEST(Ledger, bytes_of_a_header_were_read_and_are_not_received) {
  EXPECT_EQ((Ledger{.received = 7, .introduced = 40}.read()), 47U);
}

}  // namespace
}  // namespace lastbyte::relay
