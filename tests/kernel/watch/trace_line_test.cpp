// Lines as Linux 6.18 writes them.
#include "kernel/watch/trace_line.h"

#include <gtest/gtest.h>

namespace lastbyte::kernel {
namespace {

constexpr std::uint32_t kAll = 0x3f;

TEST(TraceLine, of_a_reset_sent_has_both_addresses_state_and_reason) {
  const auto read = read_trace_line(
      "          server-1234    [001] b.s2.  9036.123456: tcp_send_reset: skbaddr=0000000000000000 "
      "skaddr=00000000deadbeef src=127.0.0.1:8080 dest=[::1]:50112 state=TCP_CLOSE reason=TCP_ABORT_ON_CLOSE",
      kAll);
  const auto* event = std::get_if<TcpEvent>(&read);
  ASSERT_NE(event, nullptr);
  EXPECT_EQ(event->kind, EventKind::reset_sent);
  EXPECT_EQ(event->local.text(), "127.0.0.1:8080");
  EXPECT_EQ(event->remote.text(), "[::1]:50112");
  EXPECT_EQ(state_text(event->state), "CLOSE");
  EXPECT_EQ(event->reason, "TCP_ABORT_ON_CLOSE");
  EXPECT_EQ(event->time.time_since_epoch(), std::chrono::microseconds(9036'123456));
  EXPECT_EQ(event->owner.pid, 0U) << "the line names the interrupted process";
}

TEST(TraceLine, of_a_reset_received_has_addresses_of_its_family_and_the_cookie) {
  const auto read = read_trace_line(
      " <idle>-0 [000] ..s1. 1.000001: tcp_receive_reset: family=AF_INET6 sport=80 dport=5000 saddr=0.0.0.0 "
      "daddr=0.0.0.0 saddrv6=2001:db8::1 daddrv6=2001:db8::2 sock_cookie=1a",
      kAll);
  const auto* event = std::get_if<TcpEvent>(&read);
  ASSERT_NE(event, nullptr);
  EXPECT_EQ(event->kind, EventKind::reset_received);
  EXPECT_EQ(event->local.text(), "[2001:db8::1]:80");
  EXPECT_EQ(event->remote.text(), "[2001:db8::2]:5000");
  EXPECT_EQ(event->cookie, 26U);
}

std::string change(const std::string& before, const std::string& after, std::uint32_t kinds,
                   const std::string& protocol = "IPPROTO_TCP") {
  const auto read = read_trace_line("x-1 [000] ..... 5.0: inet_sock_set_state: family=AF_INET protocol=" + protocol +
                                        " sport=1 dport=2 saddr=127.0.0.1 daddr=127.0.0.2 saddrv6=::ffff:127.0.0.1 "
                                        "daddrv6=::ffff:127.0.0.2 oldstate=TCP_" +
                                        before + " newstate=TCP_" + after,
                                    kinds);
  const auto* event = std::get_if<TcpEvent>(&read);
  return event == nullptr ? "" : std::string(kind_word(event->kind)) + " " + std::string(state_text(event->state));
}

TEST(TraceLine, of_a_change_of_state_tells_only_ends_of_tcp) {
  EXPECT_EQ(change("ESTABLISHED", "CLOSE", kAll), "closed ESTABLISHED");
  EXPECT_EQ(change("FIN_WAIT2", "CLOSE", kAll), "time_wait FIN_WAIT2");
  EXPECT_EQ(change("FIN_WAIT2", "CLOSE", 1U << 2U), "closed FIN_WAIT2");
  EXPECT_EQ(change("ESTABLISHED", "CLOSE", 3), "") << "closes are not wanted";
  EXPECT_EQ(change("SYN_SENT", "ESTABLISHED", kAll), "");
  EXPECT_EQ(change("LISTEN", "CLOSE", kAll), "");
  EXPECT_EQ(change("ESTABLISHED", "CLOSE", kAll, "IPPROTO_SCTP"), "");
}

TEST(TraceLine, tells_of_events_that_were_dropped) {
  const auto read = read_trace_line("CPU:1 [LOST 4711 EVENTS]", kAll);
  const auto* lost = std::get_if<LostEvents>(&read);
  ASSERT_NE(lost, nullptr);
  EXPECT_EQ(lost->count, 4711U);
}

TEST(TraceLine, of_anything_else_says_nothing) {
  for (const char* line : {"", "# tracer: nop", "x-1 [000] ..... 5.0: tcp_probe: family=AF_INET src=1.2.3.4:5",
                           "x-1 [000] ..... 5.0: tcp_send_reset"})
    EXPECT_TRUE(std::holds_alternative<std::monostate>(read_trace_line(line, kAll))) << line;
}

}  // namespace
}  // namespace lastbyte::kernel
