// T3: a session before its upstream is connected.
#include <gtest/gtest.h>
#include <signal.h>

#include "tests/harness/scene.h"

namespace lastbyte::system_test {
namespace {

/// An upstream that swallows SYNs until hear(), which keeps the proxy connecting. A second later, the kernel's own
/// retransmission gets through.
class Early : public ::testing::Test {
 protected:
  void start(std::string_view server_text, const Flags& flags = {}) {
    options_.meeting = &meeting_;
    server_.emplace(start_server(server_text, options_));
    ASSERT_TRUE(server_->set_deaf(true));
    proxy_.emplace(server_->address(), flags);
  }
  Client connect(std::string_view client_text) { return Client(proxy_->address(), script(client_text), options_); }
  void hear() { ASSERT_TRUE(server_->set_deaf(false)); }
  /// Waits until the client has reached `signal name`.
  void wait_for(std::string_view name) {
    ASSERT_TRUE(eventually([&] { return meeting_.count(name) > 0; })) << name;
  }
  Played finish(Client& client) {
    Played played;
    played.client = client.wait();
    const auto served = server_->wait();
    EXPECT_EQ(served.size(), 1U);
    if (!served.empty()) played.server = served.front();
    played.record = proxy_->record();
    return played;
  }

  Meeting meeting_;
  PeerOptions options_;
  std::optional<Server> server_;
  std::optional<Proxy> proxy_;
};

TEST_F(Early, T3_early_data_is_kept_and_delivered) {
  start("recv 50K; send 10; expect fin; close");
  Client client = connect("send 50K; signal early; recv 10; shutdown; expect fin");
  wait_for("early");
  hear();
  expect_complete(finish(client));
}

TEST_F(Early, T3_early_fin_is_kept_and_delivered) {
  start("expect fin; send 300K; close");
  Client client = connect("shutdown; signal early; expect fin");
  wait_for("early");
  hear();
  expect_complete(finish(client));
}

TEST_F(Early, T3_early_data_and_fin_are_kept_and_delivered) {
  start("expect fin; send 300K; close");
  Client client = connect("send 20K; shutdown; signal early; expect fin");
  wait_for("early");
  hear();
  expect_complete(finish(client));
}

TEST_F(Early, T3_more_early_data_than_the_kernel_keeps_waits_with_the_client) {
  start("expect fin; send 1; close");
  Client client = connect("signal early; send 20M; shutdown; expect fin");
  wait_for("early");
  hear();
  expect_complete(finish(client));
}

TEST_F(Early, T3_early_reset_cancels_the_attempt) {
  start("await never");
  Client client = connect("send 100; flush; reset");
  client.wait();
  const Record record = proxy_->record();
  EXPECT_FALSE(record.complete);
  EXPECT_EQ(record.client.end, "reset") << record.line;
  EXPECT_EQ(record.client.error, "ECONNRESET") << record.line;
  EXPECT_EQ(record.first, "reset");
  EXPECT_EQ(record.first_side, "client");
  EXPECT_EQ(record.connect_us, -1) << record.line;
  EXPECT_EQ(server_->accepted(), 0U);
  server_->stop();
}

TEST_F(Early, T3_reset_after_an_early_fin_cancels_the_attempt) {
  start("await never");
  Client client = connect("shutdown; flush; reset");
  client.wait();
  const Record record = proxy_->record();
  EXPECT_EQ(record.client.end, "reset") << record.line;
  EXPECT_EQ(record.connect_us, -1) << record.line;
  server_->stop();
}

TEST_F(Early, T3_an_early_fin_means_abort_where_the_operator_wants_it_so) {
  start("await never", {"--early-fin", "abort"});
  Client client = connect("shutdown; expect reset");
  EXPECT_TRUE(client.wait().as_scripted()) << client.wait().text();
  EXPECT_FALSE(proxy_->record().complete);
  server_->stop();
}

TEST(LateFin, T7_that_aborts_resets_both_sides_after_the_bytes_before_it) {
  Server server = start_server("expect reset", {}, 1);
  Proxy proxy(server.address(), {"--late-fin", "abort"});
  Client client(proxy.address(), script("send 20K; shutdown; expect reset"));
  EXPECT_TRUE(client.wait().as_scripted()) << client.wait().text();
  const auto served = server.wait();
  ASSERT_EQ(served.size(), 1U);
  EXPECT_TRUE(served[0].as_scripted()) << served[0].text();
  EXPECT_EQ(served[0].received, 20U * 1024);
  const Record record = proxy.record();
  EXPECT_FALSE(record.complete) << record.line;
  EXPECT_EQ(record.client.end, "aborted") << record.line;
  EXPECT_EQ(record.client.delivered, 20U * 1024) << record.line;
  EXPECT_EQ(record.upstream.end, "passed_on") << record.line;
  EXPECT_EQ(record.first, "fin") << record.line;
  EXPECT_EQ(record.first_side, "client") << record.line;
}

TEST(LateFin, T7_that_follows_the_upstreams_own_aborts_nothing) {
  Server server = start_server("send 100; shutdown; expect fin; close", {}, 1);
  Proxy proxy(server.address(), {"--late-fin", "abort"});
  Client client(proxy.address(), script("expect fin; shutdown; close"));
  EXPECT_TRUE(client.wait().as_scripted()) << client.wait().text();
  for (const Observed& each : server.wait()) EXPECT_TRUE(each.as_scripted()) << each.text();
  EXPECT_TRUE(proxy.record().complete);
}

TEST_F(Early, T3_the_connect_limit_ends_the_attempt_with_a_reset) {
  start("await never", {"--limits-connect", "300ms"});
  Client client = connect("send 10; expect reset");
  EXPECT_TRUE(client.wait().as_scripted()) << client.wait().text();
  const Record record = proxy_->record();
  EXPECT_FALSE(record.complete);
  EXPECT_GE(record.duration_us, 300'000) << record.line;
  EXPECT_NE(record.summary.find("connect limit passed"), std::string::npos) << record.line;
  EXPECT_EQ(record.limit, "connect") << record.line;
  EXPECT_EQ(record.upstream.received + record.upstream.delivered, 0U);
  server_->stop();
}

TEST(UnreachableUpstream, T3_resets_the_client) {
  net::Address nobody;
  {
    Server server = start_server("close");
    nobody = server.address();
  }
  Proxy proxy(nobody);
  // With bytes under way, without, and after a FIN: the client never sees a clean empty answer.
  for (const char* text : {"send 1000; expect reset", "expect reset", "shutdown; expect reset"}) {
    Client client(proxy.address(), script(text));
    EXPECT_TRUE(client.wait().reset()) << client.wait().text();
  }
  for (const Record& record : proxy.records(3)) {
    EXPECT_EQ(record.upstream.end, "unreachable") << record.line;
    EXPECT_EQ(record.upstream.error, "ECONNREFUSED") << record.line;
    EXPECT_EQ(record.first, "unreachable") << record.line;
    EXPECT_EQ(record.client.end, "passed_on") << record.line;
    EXPECT_EQ(record.connect_us, -1) << record.line;
  }
}

TEST(UnreachableUpstream, T3_all_addresses_of_a_name_are_tried) {
  // localhost is ::1 and 127.0.0.1 on most machines. The server listens only on the latter.
  Server server = start_server("expect fin; send 10; close");
  Proxy::Options options;
  options.config = "forwardings:\n  - listen: tcp:127.0.0.1:0\n    connect: tcp:localhost:" +
                   std::to_string(server.address().port()) + "\n";
  Proxy proxy(server.address(), options);
  Client client(proxy.address(), script("send 10; shutdown; expect fin"));
  EXPECT_TRUE(client.wait().as_scripted()) << client.wait().text();
  EXPECT_TRUE(proxy.record().complete);
}

TEST(UnreachableUpstream, T3_an_upstream_that_speaks_and_resets_before_it_is_looked_at_was_connected) {
  // 60 clients wait in the backlog while the proxy is stopped. It then connects for all of them at once, and many
  // upstreams have answered and reset before its next look.
  constexpr std::size_t kClients = 60;
  Server server = start_server("send 10; flush; reset", {}, kClients);
  Proxy proxy(server.address(), {"--workers", "1"});
  Meeting meeting;
  PeerOptions options;
  options.meeting = &meeting;
  proxy.process().signal(SIGSTOP);
  std::vector<Client> clients;
  for (std::size_t i = 0; i < kClients; ++i)
    clients.emplace_back(proxy.address(), script("signal waiting; expect reset"), options);
  EXPECT_TRUE(eventually([&] { return meeting.count("waiting") == kClients; }));
  proxy.process().signal(SIGCONT);
  for (Client& client : clients) {
    EXPECT_TRUE(client.wait().as_scripted()) << client.wait().text();
    EXPECT_EQ(client.wait().received, 10U) << client.wait().text();
  }
  for (const Record& record : proxy.records(kClients)) EXPECT_EQ(record.upstream.end, "reset") << record.line;
}

}  // namespace
}  // namespace lastbyte::system_test
