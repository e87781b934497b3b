// T11: verdicts are evidence. Compares records with what the peers really sent and received.
#include <gtest/gtest.h>

#include <array>
#include <csignal>
#include <random>

#include "tests/harness/scene.h"

namespace lastbyte::system_test {
namespace {

TEST(EvidenceOfASession, T11_a_record_tells_who_came_and_where_they_were_sent) {
  const Played played = play("send 1000; shutdown; expect fin", "expect fin; send 2000; close", {"--name", "front"});
  expect_complete(played);
  const Record& record = played.record;
  EXPECT_EQ(record.forwarding, "front");
  EXPECT_EQ(record.client.address, played.client.local.text());
  EXPECT_EQ(record.upstream.address, played.server.local.text());
  EXPECT_EQ(record.client.received, 1000U);
  EXPECT_EQ(record.upstream.received, 2000U);
  EXPECT_EQ(record.retries, 0U);
  EXPECT_GE(record.connect_us, 0);
  EXPECT_GE(record.duration_us, record.connect_us);
}

TEST(EvidenceOfASession, T11_complete_is_not_claimed_where_the_last_fin_was_not_acknowledged) {
  // The client is gone when the server's FIN comes: it acknowledges neither bytes nor FIN.
  const Played played =
      play("shutdown; flush; vanish; signal gone; await over",
           "expect fin; await gone; send 100; shutdown; sleep 300ms; signal over", {"--limits-half-close", "1s"});
  EXPECT_FALSE(played.record.complete) << played.text();
}

TEST(EvidenceOfASession, T11_bytes_that_a_sink_never_took_are_undelivered) {
  // The server resets while its window is full. The bytes that the proxy had read for it are lost, and counted.
  const Played played = play("send 1M; signal full; expect reset", "window 4K; recv 1; await full; sleep 20ms; reset");
  const SideRecord& flow = played.record.client;
  EXPECT_TRUE(played.client.reset()) << played.text();
  EXPECT_EQ(played.record.upstream.end, "reset") << played.text();
  EXPECT_GT(flow.undelivered, 0U) << played.text();
  EXPECT_LE(flow.delivered, played.server.received + played.server.unread) << played.text();
  expect_counts_agree(played);
}

TEST(EvidenceOfASession, T11_rescued_bytes_are_only_those_that_were_delivered) {
  Meeting meeting;
  PeerOptions options;
  options.meeting = &meeting;
  Server server = start_server("recv 1; signal up; await sent; send 60K; flush; reset", options);
  Proxy proxy(server.address(), {"--workers", "1"});
  Client client(proxy.address(), script("window 2K; send 1; await held; send 10K; signal sent; await gone; reset"),
                options);
  EXPECT_TRUE(eventually([&] { return meeting.count("up") == 1; }));
  // The client's event comes first, so the write meets the reset before a read meets the answer.
  proxy.process().signal(SIGSTOP);
  const std::string status = "/proc/" + std::to_string(proxy.process().pid()) + "/status";
  EXPECT_TRUE(eventually([&] { return read_file(status).find("State:\tT") != std::string::npos; }));
  meeting.signal("held");
  server.wait();
  proxy.process().signal(SIGCONT);
  // The client's window keeps the answer in the send queue.
  EXPECT_TRUE(eventually([&] { return proxy.process().sockets() == proxy.sockets_at_start() + 1; }));
  meeting.signal("gone");
  client.wait();
  const Record record = proxy.record();
  EXPECT_EQ(record.upstream.received, 60U * 1024) << record.line;
  EXPECT_LT(record.upstream.delivered, record.upstream.received) << record.line;
  EXPECT_LE(record.upstream.rescued, record.upstream.delivered) << record.line;
}

bool failed(const SideRecord& side) {
  return side.end == "reset" || side.end == "vanished" || side.end == "unreachable";
}

/// Returns a random way for a peer to end. Well-behaved ways are more frequent.
std::string random_peer(std::mt19937& random) {
  const auto one_of = [&](const auto& all) { return all[random() % all.size()]; };
  const std::array<std::string, 6> sizes{"1", "100", "5K", "64K", "500K", "2M"};
  const std::array<std::string, 5> begins{"", "send " + one_of(sizes) + "; ", "sleep 3ms; ",
                                          "send " + one_of(sizes) + " by 1K; ", "send 10; sleep 2ms; send 10; "};
  const std::array<std::string, 8> ends{
      "shutdown; read",           "read; close",      "shutdown; read; close", "flood | sleep 5ms; close",
      "flush | sleep 1ms; reset", "sleep 2ms; reset", "sleep 2ms; close",      "flood | read; close"};
  return one_of(begins) + one_of(ends);
}

TEST(EvidenceOfASession, T11_the_counts_agree_whatever_the_ending) {
  std::mt19937 random(20'26);
  for (int round = 0; round < 100; ++round) {
    const std::string client = random_peer(random);
    const std::string server = random_peer(random);
    SCOPED_TRACE("round " + std::to_string(round) + ": client: " + client + " / server: " + server);
    PeerOptions options;
    options.limit = milliseconds(400);  // after that the peer resets
    options.sends = 10 + static_cast<std::uint64_t>(round);
    const Played played = play_whoever_comes(
        client, server, {"--linger-timeout", "200ms", "--linger-time", "500ms", "--limits-half-close", "5s"}, options);
    expect_counts_agree(played);
    if (played.record.complete) {
      EXPECT_EQ(played.client.error + played.server.error, 0) << played.text();
      EXPECT_EQ(played.record.client.undelivered + played.record.upstream.undelivered, 0U) << played.text();
    }
    // T4: a peer sees a clean end only if there was one.
    EXPECT_FALSE(played.client.fin && failed(played.record.upstream)) << played.text();
    EXPECT_FALSE(played.server.fin && failed(played.record.client)) << played.text();
  }
}

}  // namespace
}  // namespace lastbyte::system_test
