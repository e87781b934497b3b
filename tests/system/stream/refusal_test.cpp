// T5: a refusal does not reset the session. T6: lingering close.
#include <gtest/gtest.h>
#include <signal.h>

#include <cerrno>

#include "tests/harness/scene.h"

namespace lastbyte::system_test {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;

/// Clients in turn through one proxy.
struct Rounds {
  std::vector<Observed> clients;
  std::vector<Observed> servers;
  std::vector<Record> records;
};

Rounds play_rounds(std::uint32_t count, std::string_view client_text, std::string_view server_text,
                   const Flags& flags = {}) {
  Server server = start_server(server_text, {}, count);
  Proxy proxy(server.address(), flags);
  Rounds rounds;
  for (std::uint32_t round = 0; round < count; ++round) {
    Client client(proxy.address(), script(client_text));
    rounds.clients.push_back(client.wait());
  }
  rounds.servers = server.wait();
  rounds.records = proxy.records(count);
  return rounds;
}

/// Expects that every client got the whole answer: `rescued n of n`.
void expect_all_rescued(const Rounds& rounds, std::uint64_t answer) {
  std::size_t rescued = 0;
  for (const Observed& client : rounds.clients) {
    const bool whole = client.received == answer && !client.first_wrong;
    rescued += whole ? 1U : 0U;
    EXPECT_TRUE(whole) << client.text();
  }
  EXPECT_EQ(rescued, rounds.clients.size());
}

TEST(RefusedFlow, T5_an_answer_ahead_of_unread_upload_is_rescued100_of100) {
  const Rounds rounds = play_rounds(100, "flood by 16K | read", "recv 1; send 32K; close-unread");
  expect_all_rescued(rounds, 32 << 10);
  // The server closed with unread input, and so reset: the client gets every byte, then a reset, and never a FIN (T4).
  for (const Observed& client : rounds.clients) EXPECT_TRUE(client.reset()) << client.text();
  for (const Record& record : rounds.records) {
    EXPECT_EQ(record.upstream.end, "reset") << record.line;
    EXPECT_EQ(record.upstream.delivered, 32U << 10) << record.line;
  }
}

TEST(RefusedFlow, T5_an_answer_of3_mb_is_rescued_wholly) {
  const Rounds rounds = play_rounds(20, "flood by 16K | read", "recv 1; send 3M; flush; close-unread");
  expect_all_rescued(rounds, 3 << 20);
}

TEST(RefusedFlow, T5_an_answer_of3_mb_to_a_slow_reader_is_rescued_wholly) {
  const Rounds rounds = play_rounds(3, "window 8K; flood by 1K every 1ms | read by 64K every 1ms",
                                    "recv 1; send 3M; flush; close-unread");
  expect_all_rescued(rounds, 3 << 20);
}

TEST(RefusedFlow, T5_what_is_delivered_after_a_failed_write_is_counted_as_rescued) {
  // The client does not read, so most of the answer waits. While the proxy is stopped, the client sends and then the
  // server resets: so the proxy's write is the first to meet the reset.
  Meeting meeting;
  PeerOptions options;
  options.meeting = &meeting;
  Server server =
      start_server("recv 1; send 150K; flush; signal flushed; await sent; close-unread; signal closed", options);
  Proxy proxy(server.address(), {"--workers", "1", "--client-send-buffer", "16K", "--upstream-receive-buffer", "200K"});
  Client client(proxy.address(), script("window 8K; send 1K; await held; send 1K; signal sent; await go; expect reset"),
                options);
  ASSERT_TRUE(eventually([&] { return meeting.count("flushed") == 1; }));
  proxy.process().signal(SIGSTOP);
  meeting.signal("held");
  ASSERT_TRUE(eventually([&] { return meeting.count("closed") == 1; }));
  proxy.process().signal(SIGCONT);
  meeting.signal("go");
  Played played;
  played.client = client.wait();
  played.server = server.wait().at(0);
  played.record = proxy.record();
  EXPECT_EQ(played.client.received, 150U << 10) << played.text();
  EXPECT_TRUE(played.client.as_scripted()) << played.text();
  EXPECT_GT(played.record.upstream.rescued, 0U) << played.text();
  EXPECT_LE(played.record.upstream.rescued, played.record.upstream.delivered) << played.text();
  expect_counts_agree(played);
}

TEST(RefusedFlow, T5_fin_then_reset_is_a_complete_answer) {
  // The server answers and closes cleanly. The client continues to send, and the server's kernel answers with RST.
  const Rounds rounds =
      play_rounds(100, "send 1; flood by 16K | read", "recv 1; send 32K; close", {"--linger-time", "5s"});
  expect_all_rescued(rounds, 32 << 10);
  std::size_t complete_answers = 0;
  for (const Observed& client : rounds.clients) complete_answers += client.fin ? 1U : 0U;
  // If the flood came before close(), the server itself has reset instead of sending a FIN. Mostly it came later.
  std::size_t fins = 0;
  for (const Record& record : rounds.records) fins += record.upstream.end == "reset" ? 0U : 1U;
  EXPECT_EQ(complete_answers, fins);
}

TEST(RefusedFlow, T5_the_fin_before_the_refusal_is_passed_on) {
  const Played played = play("recv 32K; expect fin; signal read; flood | await over; sleep 1ms",
                             "send 32K; close; await read; sleep 100ms; signal over", {"--linger-timeout", "300ms"});
  EXPECT_TRUE(played.client.fin) << played.text();
  EXPECT_EQ(played.client.received, 32U << 10) << played.text();
  EXPECT_EQ(played.record.upstream.end, "refused") << played.text();
  EXPECT_EQ(played.record.first, "fin") << played.text();
  EXPECT_GT(played.record.client.discarded, 0U) << played.text();
  expect_counts_agree(played);
}

TEST(RefusedFlow, T5_a_sink_that_dies_while_its_source_is_silent_is_noticed) {
  const Played played = play("send 1; expect reset", "recv 1; sleep 50ms; reset");
  EXPECT_TRUE(played.client.reset()) << played.text();
  EXPECT_TRUE(played.client.as_scripted()) << played.text();
}

TEST(RefusedFlow, T5_of_the_client_that_answers_and_closes) {
  // The same with roles swapped: the client refuses what the server continues to send.
  const Played played = play("recv 1; send 32K; flush; close-unread", "flood by 16K | read");
  EXPECT_EQ(played.server.received, 32U << 10) << played.text();
  EXPECT_TRUE(played.server.reset()) << played.text();
  EXPECT_EQ(played.record.client.delivered, 32U << 10) << played.text();
}

/// The server answers with a FIN and reads no more. The client sends as long as it can.
constexpr const char* kSendsOn = "recv 10; expect fin; flood by 1K every 10ms";
constexpr const char* kAnswersAndCloses = "send 10; close";

TEST(LingeringClose, T6_on_reads_until_the_linger_time_is_over) {
  const Played played = play(kSendsOn, kAnswersAndCloses, {"--linger-time", "1s", "--linger-timeout", "800ms"});
  EXPECT_TRUE(played.client.fin) << played.text();
  EXPECT_EQ(played.record.client.end, "limit") << played.text();
  EXPECT_EQ(played.record.limit, "linger") << played.text();
  EXPECT_GE(microseconds(played.record.duration_us), seconds(1)) << played.text();
  EXPECT_GT(played.record.client.discarded, 0U) << played.text();
  expect_counts_agree(played);
}

TEST(LingeringClose, T6_on_ends_with_the_clients_fin) {
  const Played played = play("recv 10; expect fin; repeat 20 (send 1K; sleep 5ms); shutdown; signal done; sleep 20ms",
                             "send 10; close; await done", {"--linger-time", "1h", "--linger-timeout", "1h"});
  EXPECT_TRUE(played.client.as_scripted()) << played.text();
  EXPECT_EQ(played.client.error, 0) << played.text();
  EXPECT_EQ(played.record.client.end, "fin") << played.text();
  EXPECT_EQ(played.record.limit, "none") << played.text();
}

TEST(LingeringClose, T6_on_ends_when_the_client_is_quiet_for_the_timeout) {
  const Played played = play("recv 10; expect fin; send 100K; await over", "send 10; close; sleep 1500ms; signal over",
                             {"--linger-time", "1h", "--linger-timeout", "300ms"});
  EXPECT_EQ(played.record.limit, "linger") << played.text();
  EXPECT_GE(microseconds(played.record.duration_us), milliseconds(300)) << played.text();
}

TEST(LingeringClose, T6_always_takes_its_time_however_quiet_the_client_is) {
  const Played played = play("recv 10; expect fin; send 100K; sleep 600ms; send 10; sleep 100ms; shutdown; signal over",
                             "send 10; close; await over", {"--linger-mode", "always", "--linger-time", "20s"});
  EXPECT_TRUE(played.client.as_scripted()) << played.text();
  EXPECT_EQ(played.record.client.end, "fin") << played.text();
}

TEST(LingeringClose, T6_off_closes_at_once) {
  const Played played = play(kSendsOn, kAnswersAndCloses, {"--linger-mode", "off"});
  EXPECT_TRUE(played.client.fin) << played.text();
  EXPECT_EQ(played.record.client.end, "left") << played.text();
  EXPECT_EQ(played.record.limit, "none") << played.text();
  EXPECT_FALSE(played.record.complete) << played.text();
}

TEST(LingeringClose, T6_a_half_closed_client_that_still_sends_to_a_server_that_reads_is_not_lingered_away) {
  // A FIN alone does not say that the server reads no more (T2).
  const Played played = play("recv 10; expect fin; repeat 10 (send 10K; sleep 60ms); shutdown",
                             "send 10; shutdown; expect fin", {"--linger-time", "100ms", "--linger-timeout", "50ms"});
  expect_complete(played);
}

TEST(LingeringClose, T6_keeps_an_answer_from_being_cut_off) {
  // 3 MB wait for a client that reads slowly while it uploads unwanted data. A plain close() would lose the tail to a
  // reset.
  const Played played = play("window 8K; send 100K; flood by 4K every 1ms | read by 64K every 1ms; shutdown",
                             "recv 100K; send 3M; flush; shutdown; sleep 10ms; close");
  EXPECT_EQ(played.client.received, 3U << 20) << played.text();
  EXPECT_FALSE(played.client.first_wrong);
}

}  // namespace
}  // namespace lastbyte::system_test
