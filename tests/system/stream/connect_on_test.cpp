// connect-on: data (T3): the proxy connects the upstream only for a client that has sent a byte.
#include <gtest/gtest.h>
#include <signal.h>

#include "tests/harness/scene.h"

namespace lastbyte::system_test {
namespace {

class ConnectOnData : public testing::Test {
 protected:
  void start(std::string_view server, Flags flags = {}) {
    options_.meeting = &meeting_;
    server_.emplace(start_server(server, options_, std::nullopt));
    flags.insert(flags.begin(), {"--connect-on", "data"});
    proxy_.emplace(server_->address(), flags);
  }
  Client connect(std::string_view text) { return Client(proxy_->address(), script(text), options_); }
  /// Returns the connections that the server has had.
  std::vector<Observed> served() {
    server_->stop();
    return server_->wait();
  }

  Meeting meeting_;
  PeerOptions options_;
  std::optional<Server> server_;
  std::optional<Proxy> proxy_;
};

TEST_F(ConnectOnData, T3_the_first_byte_has_the_upstream_connected_and_nothing_is_lost) {
  start("signal served; expect fin; send 1M; close");
  Client client = connect("signal here; await go; send 3M; shutdown; expect fin");
  ASSERT_TRUE(eventually([&] { return proxy_->process().sockets() == proxy_->sockets_at_start() + 1; }));
  EXPECT_EQ(meeting_.count("served"), 0U);
  meeting_.signal("go");
  EXPECT_TRUE(client.wait().as_scripted()) << client.wait().text();
  const auto server = served();
  ASSERT_EQ(server.size(), 1U);
  EXPECT_EQ(server.front().received, 3U * 1024 * 1024);
  EXPECT_TRUE(proxy_->record().complete) << proxy_->record().line;
}

TEST_F(ConnectOnData, T3_a_byte_and_a_fin_in_one_packet_are_both_passed_on) {
  start("expect fin; send 10; close");
  EXPECT_TRUE(connect("send 1; shutdown; expect fin").wait().as_scripted());
  EXPECT_TRUE(proxy_->record().complete) << proxy_->record().line;
}

TEST_F(ConnectOnData, T3_a_client_that_leaves_without_a_byte_is_closed_and_the_upstream_never_hears_of_it) {
  start("read; close");
  EXPECT_TRUE(connect("shutdown; expect fin").wait().as_scripted());
  const Record record = proxy_->record();
  EXPECT_EQ(record.client.end, "fin") << record.line;
  EXPECT_EQ(record.upstream.end, "untried") << record.line;
  EXPECT_EQ(record.upstream.address, "");
  EXPECT_EQ(record.summary, "client sent nothing");
  EXPECT_EQ(record.first, "fin");
  EXPECT_FALSE(record.complete);
  EXPECT_TRUE(served().empty());
}

TEST_F(ConnectOnData, T3_a_reset_without_a_byte_leaves_the_upstream_alone) {
  start("read; close");
  connect("reset").wait();
  const Record record = proxy_->record();
  EXPECT_EQ(record.client.end, "reset") << record.line;
  EXPECT_EQ(record.upstream.end, "untried") << record.line;
  EXPECT_TRUE(served().empty());
}

TEST_F(ConnectOnData, T8_a_client_that_stays_silent_is_reset_when_its_limit_passes) {
  start("read; close", {"--limits-first-byte", "200ms", "--limits-idle", "100ms"});
  const Observed client = connect("expect reset").wait();
  EXPECT_TRUE(client.as_scripted()) << client.text();
  const Record record = proxy_->record();
  EXPECT_EQ(record.limit, "first_byte") << record.line;
  EXPECT_EQ(record.client.end, "limit");
  EXPECT_EQ(record.upstream.end, "untried");
  EXPECT_GE(record.duration_us, 200'000) << "and not the limit of idle sessions";
  EXPECT_TRUE(served().empty());
}

TEST_F(ConnectOnData, T3_an_upstream_that_cannot_be_reached_is_told_as_ever) {
  start("read; close");
  server_->stop();
  const Observed client = connect("send 1; expect reset").wait();
  EXPECT_TRUE(client.as_scripted()) << client.text();
  EXPECT_EQ(proxy_->record().upstream.end, "unreachable") << proxy_->record().line;
}

TEST_F(ConnectOnData, T15_a_stop_waits_for_a_silent_client_and_resets_it_after_the_drain_time) {
  start("read; close", {"--drain", "300ms"});
  Client client = connect("signal here; expect reset");
  ASSERT_TRUE(eventually([&] { return proxy_->process().sockets() == proxy_->sockets_at_start() + 1; }));
  proxy_->process().signal(SIGTERM);
  EXPECT_TRUE(client.wait().as_scripted()) << client.wait().text();
  proxy_->expect_end();
  EXPECT_EQ(proxy_->record().client.end, "stopped") << proxy_->record().line;
  EXPECT_TRUE(served().empty());
}

TEST_F(ConnectOnData, T15_a_client_may_still_ask_while_a_stop_drains) {
  start("expect fin; send 10; close");
  Client client = connect("await go; send 10; shutdown; expect fin");
  ASSERT_TRUE(eventually([&] { return proxy_->process().sockets() == proxy_->sockets_at_start() + 1; }));
  proxy_->process().signal(SIGTERM);
  ASSERT_TRUE(eventually([&] { return proxy_->process().err().find("SIGTERM") != std::string::npos; }));
  meeting_.signal("go");
  EXPECT_TRUE(client.wait().as_scripted()) << client.wait().text();
  proxy_->expect_end();
  EXPECT_TRUE(proxy_->record().complete) << proxy_->record().line;
}

TEST_F(ConnectOnData, T3_a_group_is_asked_at_the_first_byte_too_and_goes_on_to_another_member) {
  options_.meeting = &meeting_;
  server_.emplace(start_server("expect fin; send 10; close", options_, std::nullopt));
  Server down = start_server("read; close", {}, std::nullopt);
  const std::string nobody = down.address().text();
  down.stop();
  proxy_.emplace(server_->address(),
                 Proxy::Options{.config = "groups:\n  servers:\n    members: ['tcp:" + nobody +
                                          "', 'tcp:" + server_->address().text() +
                                          "']\nforwardings:\n  - {name: web, listen: 'tcp:127.0.0.1:0', connect: "
                                          "'group:servers', connect-on: data, retry: {retry-on: connect-failure}}\n"});
  EXPECT_TRUE(connect("shutdown; expect fin").wait().as_scripted());
  for (int each = 0; each < 4; ++each) EXPECT_TRUE(connect("send 10; shutdown; expect fin").wait().as_scripted());
  const auto records = proxy_->records(5);
  EXPECT_TRUE(records[0].tries.empty()) << records[0].line;
  std::size_t tries = 0;
  for (std::size_t each = 1; each < records.size(); ++each) {
    EXPECT_TRUE(records[each].complete) << records[each].line;
    tries += records[each].tries.size();
  }
  EXPECT_GT(tries, 4U) << "one of them came to the member that is down first";
}

TEST_F(ConnectOnData, probes_have_no_record_where_empty_sessions_are_ignored) {
  start("read; close", {"--log-ignore-empty", "true", "--workers", "1"});
  connect("shutdown; expect fin").wait();
  connect("reset").wait();
  connect("send 1; shutdown; expect fin").wait();
  const auto all = proxy_->records(1);
  EXPECT_EQ(all.front().id, 3U);
}

TEST(IgnoreEmpty, leaves_out_a_probe_that_the_upstream_heard_of_but_no_session_with_a_byte_or_a_failure) {
  Server server = start_server("read; close", {}, std::nullopt);
  Proxy proxy(server.address(), {"--log-ignore-empty", "true", "--workers", "1"});
  const auto play = [&](const char* text) { Client(proxy.address(), script(text)).wait(); };
  play("shutdown; expect fin");
  play("send 1; shutdown; expect fin");
  proxy.records(1);
  server.stop();
  play("expect reset");
  const auto all = proxy.records(2);
  EXPECT_EQ(all[0].id, 2U);
  EXPECT_EQ(all[1].id, 3U);
  EXPECT_FALSE(all[1].complete) << all[1].line;
}

TEST(IgnoreEmpty, keeps_a_session_in_which_the_upstream_spoke) {
  Server server = start_server("send 20; read; close", {}, std::nullopt);
  Proxy proxy(server.address(), {"--log-ignore-empty", "true"});
  EXPECT_TRUE(Client(proxy.address(), script("recv 20; shutdown; expect fin")).wait().as_scripted());
  EXPECT_TRUE(proxy.record().complete);
  server.stop();
}

}  // namespace
}  // namespace lastbyte::system_test
