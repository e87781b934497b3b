#include "kernel/reset/judgement.h"

#include <gtest/gtest.h>

namespace lastbyte::kernel {
namespace {

TcpEvent received(const char* state, std::optional<QueuedBytes> queued = std::nullopt) {
  TcpEvent event;
  event.kind = EventKind::reset_received;
  event.state = state_number(state);
  event.queued = queued;
  return event;
}

TEST(Judgement, of_a_reset_sent_is_the_meaning_of_the_kernels_reason) {
  TcpEvent event;
  event.reason = "TCP_ABORT_ON_CLOSE";
  EXPECT_EQ(judgement(event), "The program closed a socket that had unread input.");
  EXPECT_FALSE(is_own_judgement(event));
  event.reason = "TCP_OF_TOMORROW";
  EXPECT_EQ(judgement(event), "");
}

TEST(Judgement, of_a_reset_received_follows_from_state_and_queues_and_says_that_it_is_ours) {
  EXPECT_TRUE(is_own_judgement(received("ESTABLISHED")));
  EXPECT_NE(judgement(received("SYN_SENT")).find("Nobody listens"), std::string::npos);
  EXPECT_NE(judgement(received("CLOSE_WAIT", QueuedBytes{0, 1, 0})).find("1 byte of this side"), std::string::npos);
  EXPECT_NE(judgement(received("FIN_WAIT2")).find("after this side had finished"), std::string::npos);
  EXPECT_NE(judgement(received("ESTABLISHED", QueuedBytes{0, 70, 0})).find("without reading"), std::string::npos);
  EXPECT_NE(judgement(received("ESTABLISHED", QueuedBytes{0, 0, 0})).find("aborted"), std::string::npos);
}

TEST(Judgement, of_what_is_no_reset_is_empty) {
  TcpEvent event;
  for (const EventKind kind : {EventKind::closed, EventKind::timed_out, EventKind::time_wait, EventKind::port_reused,
                               EventKind::state_changed}) {
    event.kind = kind;
    EXPECT_EQ(judgement(event), "");
    EXPECT_FALSE(kind_text(kind).empty());
  }
}

TEST(States, have_the_kernels_numbers) {
  EXPECT_EQ(state_text(1), "ESTABLISHED");
  EXPECT_EQ(state_text(10), "LISTEN");
  EXPECT_EQ(state_text(0), "-");
  EXPECT_EQ(state_text(99), "?");
  for (std::uint8_t state = 1; state <= 12; ++state) EXPECT_EQ(state_number(state_text(state)), state);
}

}  // namespace
}  // namespace lastbyte::kernel
