#include "tests/harness/scene.h"

#include <gtest/gtest.h>

namespace lastbyte::system_test {

Server start_server(std::string_view text, const PeerOptions& options, std::optional<std::uint32_t> connections) {
  auto server = Server::start(script(text), options, connections);
  EXPECT_TRUE(server) << server.error().text();
  return std::move(*server);
}

std::string Played::text() const { return "client " + client.text() + "server " + server.text() + record.line; }

Played play_whoever_comes(std::string_view client_text, std::string_view server_text, const Flags& flags,
                          PeerOptions options) {
  Meeting meeting;
  options.meeting = &meeting;
  Server server = start_server(server_text, options);
  Proxy proxy(server.address(), flags);
  Client client(proxy.address(), script(client_text), options);
  Played played;
  played.client = client.wait();
  played.record = proxy.record();
  if (played.record.connect_us < 0) server.stop();
  const auto served = server.wait();
  if (!served.empty()) played.server = served.front();
  return played;
}

Played play(std::string_view client_text, std::string_view server_text, const Flags& flags, PeerOptions options) {
  Played played = play_whoever_comes(client_text, server_text, flags, options);
  EXPECT_TRUE(played.server.connected) << "nobody came to the server: " << played.text();
  return played;
}

void expect_complete(const Played& played) {
  EXPECT_TRUE(played.client.as_scripted()) << played.text();
  EXPECT_TRUE(played.server.as_scripted()) << played.text();
  EXPECT_EQ(played.server.received, played.client.sent) << played.text();
  EXPECT_EQ(played.client.received, played.server.sent) << played.text();
  EXPECT_TRUE(played.record.complete) << played.text();
  EXPECT_EQ(played.record.summary, "complete");
  EXPECT_EQ(played.record.client.end, "fin");
  EXPECT_EQ(played.record.upstream.end, "fin");
  EXPECT_EQ(played.record.client.delivered, played.client.sent) << played.text();
  EXPECT_EQ(played.record.upstream.delivered, played.server.sent) << played.text();
  expect_counts_agree(played);
}

namespace {

/// Whether the peer's count is final. A peer that closes before the other side has ended may receive more between its
/// last look at the unread bytes and its close().
bool counted_all_that_came(const Observed& peer) { return peer.fin || peer.error != 0; }

}  // namespace

void expect_counts_agree(const Played& played) {
  const Record& record = played.record;
  EXPECT_LE(record.client.received, played.client.sent) << played.text();
  EXPECT_LE(record.upstream.received, played.server.sent) << played.text();
  // Acknowledged bytes have arrived at the kernel. The peer need not have read them.
  if (counted_all_that_came(played.server)) {
    EXPECT_LE(record.client.delivered, played.server.received + played.server.unread) << played.text();
  }
  if (counted_all_that_came(played.client)) {
    EXPECT_LE(record.upstream.delivered, played.client.received + played.client.unread) << played.text();
  }
  EXPECT_LE(played.server.received, record.client.received) << played.text();
  EXPECT_LE(played.client.received, record.upstream.received) << played.text();
  EXPECT_FALSE(played.client.first_wrong) << played.text();
  EXPECT_FALSE(played.server.first_wrong) << played.text();
}

}  // namespace lastbyte::system_test
