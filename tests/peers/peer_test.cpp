// Peers do what their scripts say, and report it.
#include <gtest/gtest.h>

#include <cerrno>

#include "tests/peers/both.h"

namespace lastbyte::peers {
namespace {

constexpr Duration kShort{200};

TEST(Peer, both_sides_agree_on_what_was_sent) {
  const Both seen = run("send 100K; shutdown; expect fin", "expect fin; send 70K; close");
  EXPECT_TRUE(seen.client.as_scripted()) << seen.client.text();
  EXPECT_TRUE(seen.server.as_scripted()) << seen.server.text();
  EXPECT_EQ(seen.client.sent, 100 * 1024U);
  EXPECT_EQ(seen.server.received, 100 * 1024U);
  EXPECT_EQ(seen.server.sent, 70 * 1024U);
  EXPECT_EQ(seen.client.received, 70 * 1024U);
  EXPECT_TRUE(seen.client.fin && seen.server.fin);
  EXPECT_EQ(seen.client.local, seen.server.remote);
  EXPECT_EQ(seen.client.remote, seen.server.local);
}

TEST(Peer, wrong_bytes_are_reported_with_their_position) {
  Meeting meeting;
  auto server = Server::start(script("send 10"), {});
  ASSERT_TRUE(server);
  PeerOptions mistaken;
  mistaken.expects = 99;
  Client client(server->address(), script("expect fin"), mistaken);
  EXPECT_EQ(client.wait().first_wrong, std::optional<std::uint64_t>(0));
  EXPECT_FALSE(client.wait().as_scripted());
}

TEST(Peer, joined_steps_go_on_at_once) {
  // Neither side can send this much before it reads.
  const Both seen = run("send 20M | recv 20M; shutdown; expect fin", "recv 20M | send 20M; expect fin");
  EXPECT_TRUE(seen.client.as_scripted()) << seen.client.text();
  EXPECT_TRUE(seen.server.as_scripted()) << seen.server.text();
}

TEST(Peer, a_flood_ends_with_what_is_joined_to_it) {
  const Both seen = run("flood | await enough; shutdown; expect fin", "recv 3M; signal enough; expect fin");
  EXPECT_TRUE(seen.client.as_scripted()) << seen.client.text();
  EXPECT_EQ(seen.server.received, seen.client.sent);
  EXPECT_GE(seen.client.sent, 3U << 20);
}

TEST(Peer, filling_ends_where_the_other_side_takes_no_more) {
  const Both blocked = run("send-buffer 4K; fill 64M 100ms; signal full; shutdown; expect fin",
                           "window 4K; await full; expect fin; close");
  EXPECT_TRUE(blocked.client.as_scripted()) << blocked.client.text();
  EXPECT_LT(blocked.client.sent, 8U << 20);
  EXPECT_EQ(blocked.server.received, blocked.client.sent);
  const Both taken = run("fill 3M 10s; shutdown; expect fin", "expect fin; close");
  EXPECT_TRUE(taken.client.as_scripted()) << taken.client.text();
  EXPECT_EQ(taken.server.received, 3U << 20);
}

TEST(Peer, a_flood_alone_ends_by_an_error) {
  const Both seen = run("flood; expect reset", "recv 1; reset");
  EXPECT_TRUE(seen.client.as_scripted()) << seen.client.text();
  EXPECT_TRUE(seen.client.reset());
}

TEST(Peer, repeated_steps_are_repeated) {
  const Both seen = run("repeat 100 (send 1; recv 2); close", "repeat 100 (recv 1; send 2); expect fin");
  EXPECT_TRUE(seen.client.as_scripted()) << seen.client.text();
  EXPECT_TRUE(seen.server.as_scripted()) << seen.server.text();
  EXPECT_EQ(seen.client.received, 200U);
}

TEST(Peer, a_pace_is_kept) {
  const Both seen = run("send 10 by 2 every 20ms; close", "read by 1 every 1ms");
  EXPECT_TRUE(seen.server.as_scripted());
  EXPECT_GE(seen.client.ended_at, std::chrono::milliseconds(80));  // only a lower bound
}

TEST(Peer, await_orders_what_both_do) {
  const Both seen = run("await listening; send 1; await got-it; shutdown; expect fin",
                        "signal listening; recv 1; expect quiet 30ms; signal got-it; expect fin");
  EXPECT_TRUE(seen.client.as_scripted()) << seen.client.text();
  EXPECT_TRUE(seen.server.as_scripted()) << seen.server.text();
}

TEST(Peer, await_counts) {
  Meeting meeting;
  PeerOptions options;
  options.meeting = &meeting;
  auto server = Server::start(script("signal here; await all; send 1"), options, 3);
  ASSERT_TRUE(server);
  Client first(server->address(), script("await here 3; signal all; expect fin"), options);
  Client second(server->address(), script("expect fin"), options);
  Client third(server->address(), script("expect fin"), options);
  for (Client* each : {&first, &second, &third}) EXPECT_TRUE(each->wait().as_scripted()) << each->wait().text();
  EXPECT_EQ(server->wait().size(), 3U);
}

TEST(Peer, quiet_is_broken_by_bytes_and_by_ends) {
  EXPECT_FALSE(run("expect quiet 10s", "send 1; await never", {.limit = kShort}).client.as_scripted());
  const Both ended = run("expect quiet 10s", "close");
  ASSERT_EQ(ended.client.steps.size(), 1U);
  EXPECT_EQ(ended.client.steps[0].failure, "the input ended");
}

TEST(Peer, expectations_fail_with_what_came_instead) {
  const Both fin = run("expect reset", "close");
  EXPECT_EQ(fin.client.steps.at(0).failure, "the input ended with a FIN");
  const Both reset = run("expect fin", "reset");
  EXPECT_EQ(reset.client.steps.at(0).failure, "the input ended with ECONNRESET");
  const Both early = run("recv 10", "send 4; close");
  EXPECT_EQ(early.client.steps.at(0).failure, "received 4 of 10, then the input ended");
}

TEST(Peer, a_time_limit_ends_every_script) {
  const Both seen = run("send 1; await never", "expect fin", {.limit = kShort});
  EXPECT_TRUE(seen.client.timed_out);
  EXPECT_FALSE(seen.client.as_scripted());
  EXPECT_FALSE(seen.server.as_scripted());  // the client reset it, or it ran out of time
}

TEST(Peer, a_stop_ends_what_waits) {
  auto server = Server::start(script("await never"), {}, std::nullopt);
  ASSERT_TRUE(server);
  Client client(server->address(), script("await never"));
  client.stop();
  EXPECT_TRUE(client.wait().timed_out);
  server->stop();
  EXPECT_LE(server->wait().size(), 1U);
}

TEST(Peer, a_server_without_client_ends) {
  auto server = Server::start(script("close"), {.arrival = kShort});
  ASSERT_TRUE(server);
  EXPECT_TRUE(server->wait().empty());
}

TEST(Peer, a_connection_that_is_refused_is_reported) {
  net::Address nobody;
  {
    auto server = Server::start(script("close"));
    ASSERT_TRUE(server);
    nobody = server->address();
  }
  Client client(nobody, script("send 1"));
  EXPECT_FALSE(client.wait().connected);
  EXPECT_EQ(client.wait().error, ECONNREFUSED);
}

TEST(Peer, a_vanished_peer_acknowledges_nothing) {
  const Both seen = run("await gone; send 10; signal sent; await over", "vanish; signal gone; await sent; signal over");
  EXPECT_EQ(seen.client.unacknowledged, 10U) << seen.client.text();
  EXPECT_EQ(seen.server.unread, 0U);
}

TEST(Peer, a_deaf_server_swallows_connection_attempts) {
  auto server = Server::start(script("send 5"), {});
  ASSERT_TRUE(server);
  ASSERT_TRUE(server->set_deaf(true));
  PeerOptions brief;
  brief.limit = kShort;
  Client lost(server->address(), script("expect fin"), brief);
  EXPECT_FALSE(lost.wait().connected);
  EXPECT_TRUE(lost.wait().timed_out);
  ASSERT_TRUE(server->set_deaf(false));
  Client heard(server->address(), script("expect fin"));
  EXPECT_TRUE(heard.wait().as_scripted()) << heard.wait().text();
}

}  // namespace
}  // namespace lastbyte::peers
