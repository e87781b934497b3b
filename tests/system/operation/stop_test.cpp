// T15: stopping. The daemon stops accepting first; sessions may finish for `drain`; then it resets the rest. It never
// sends a false FIN.
#include <gtest/gtest.h>
#include <signal.h>

#include <cerrno>

#include "tests/harness/scene.h"

namespace lastbyte::system_test {
namespace {

class Stopping : public ::testing::Test {
 protected:
  Stopping() { options_.meeting = &meeting_; }

  void start(std::string_view server_text, const Flags& flags = {}) {
    server_.emplace(start_server(server_text, options_));
    proxy_.emplace(server_->address(), flags);
  }
  Client connect(std::string_view client_text) { return Client(proxy_->address(), script(client_text), options_); }
  /// Waits until the peers have reached `signal ready`.
  void ready(std::uint32_t times = 1) {
    ASSERT_TRUE(eventually([&] { return meeting_.count("ready") >= times; }));
  }
  /// Waits until the daemon has handled the signal.
  void stop_by(int number) {
    proxy_->process().signal(number);
    ASSERT_TRUE(eventually([&] { return proxy_->process().err().find("no more clients") != std::string::npos; }))
        << proxy_->process().err();
  }
  Played finish(Client& client) {
    Played played;
    played.client = client.wait();
    played.server = server_->wait().at(0);
    proxy_->expect_end();
    played.record = proxy_->record();
    return played;
  }

  Meeting meeting_;
  PeerOptions options_;
  std::optional<Server> server_;
  std::optional<Proxy> proxy_;
};

TEST_F(Stopping, T15_without_sessions_ends_at_once) {
  for (const int number : {SIGTERM, SIGINT, SIGQUIT}) {
    Server server = start_server("close");
    Proxy proxy(server.address(), {"--drain", "1h"});
    proxy.process().signal(number);
    proxy.expect_end();
    server.stop();
  }
}

TEST_F(Stopping, T15_lets_a_session_finish) {
  start("recv 10; expect fin; send 3M; close", {"--drain", "1h"});
  Client client = connect("send 10; signal ready; await go; shutdown; expect fin");
  ready();
  EXPECT_TRUE(proxy_->wait_for_sessions(1));
  stop_by(SIGTERM);
  meeting_.signal("go");
  expect_complete(finish(client));
}

TEST_F(Stopping, T15_accepts_nobody_any_more) {
  start("send 1; expect fin; close", {"--drain", "1h"});
  Client client = connect("recv 1; signal ready; await go; shutdown; expect fin");
  ready();
  stop_by(SIGTERM);
  // A connection attempt is refused; it does not hang.
  EXPECT_TRUE(eventually([&] { return Client(proxy_->address(), script("read")).wait().error == ECONNREFUSED; }));
  meeting_.signal("go");
  expect_complete(finish(client));
}

TEST_F(Stopping, T15_resets_what_is_left_after_the_drain_time) {
  start("send 10; signal ready; expect reset", {"--drain", "300ms"});
  Client client = connect("recv 10; signal ready; expect reset");
  ready(2);
  stop_by(SIGTERM);
  const Played played = finish(client);
  EXPECT_TRUE(played.client.as_scripted()) << played.text();
  EXPECT_TRUE(played.server.as_scripted()) << played.text();
  EXPECT_EQ(played.record.client.end, "stopped") << played.text();
  EXPECT_EQ(played.record.upstream.end, "stopped") << played.text();
  EXPECT_EQ(played.record.first, "stop") << played.text();
  EXPECT_FALSE(played.record.complete);
  expect_counts_agree(played);
}

TEST_F(Stopping, T15_a_second_signal_ends_it_at_once) {
  start("send 10; signal ready; expect reset", {"--drain", "1h"});
  Client client = connect("recv 10; signal ready; expect reset");
  ready(2);
  stop_by(SIGTERM);
  proxy_->process().signal(SIGTERM);
  const Played played = finish(client);
  EXPECT_TRUE(played.client.as_scripted()) << played.text();
  EXPECT_TRUE(played.server.as_scripted()) << played.text();
  EXPECT_EQ(played.record.client.end, "stopped") << played.text();
}

TEST_F(Stopping, T15_a_drain_time_of_zero_ends_it_at_once) {
  start("send 10; signal ready; expect reset", {"--drain", "0ms"});
  Client client = connect("recv 10; signal ready; expect reset");
  ready(2);
  proxy_->process().signal(SIGTERM);
  const Played played = finish(client);
  EXPECT_TRUE(played.client.as_scripted()) << played.text();
}

TEST_F(Stopping, T15_never_presents_the_stop_as_a_fin) {
  // Three sessions: half-closed, with waiting bytes, and still connecting. The stop resets what it cuts off.
  start("expect fin; signal ready; expect error", {"--drain", "200ms"});
  Client client = connect("send 10; shutdown; expect reset");
  ready();
  stop_by(SIGTERM);
  const Played played = finish(client);
  EXPECT_TRUE(played.client.as_scripted()) << played.text();
  EXPECT_FALSE(played.client.fin);
  EXPECT_EQ(played.record.client.delivered, 10U) << played.text();
}

TEST_F(Stopping, T15_a_slow_reader_gets_all_within_the_drain_time) {
  start("send 3M; signal ready; close", {"--drain", "1h"});
  Client client = connect("window 32K; recv 1; signal ready; await go; read by 64K every 5ms; expect fin");
  ready();
  stop_by(SIGTERM);
  meeting_.signal("go");
  expect_complete(finish(client));
}

TEST_F(Stopping, T15_bytes_that_are_cut_off_are_counted) {
  start("flood | read", {"--drain", "200ms"});
  Client client = connect("window 4K; recv 1; signal ready; await over; read");
  ready();
  EXPECT_TRUE(proxy_->wait_for_sessions(1));
  stop_by(SIGTERM);
  proxy_->expect_end();
  meeting_.signal("over");
  Played played;
  played.client = client.wait();
  played.server = server_->wait().at(0);
  played.record = proxy_->record();
  EXPECT_TRUE(played.client.reset()) << played.text();
  EXPECT_GT(played.record.upstream.undelivered, 0U) << played.text();
  expect_counts_agree(played);
}

TEST_F(Stopping, T15_while_connecting_resets_the_client) {
  start("await never", {"--drain", "200ms"});
  ASSERT_TRUE(server_->set_deaf(true));
  Client client = connect("send 10; signal ready; expect reset");
  ready();
  EXPECT_TRUE(proxy_->wait_for_sessions(1));
  stop_by(SIGTERM);
  EXPECT_TRUE(client.wait().as_scripted()) << client.wait().text();
  proxy_->expect_end();
  EXPECT_EQ(proxy_->record().client.end, "stopped");
  server_->stop();
}

TEST_F(Stopping, T15_the_last_line_tells_how_many_were_reset) {
  for (const bool waits_for_the_drain : {true, false}) {
    Meeting meeting;
    PeerOptions options;
    options.meeting = &meeting;
    Server server = start_server("signal ready; read", options, 3);
    Proxy proxy(server.address(), {"--drain", waits_for_the_drain ? "500ms" : "1h"});
    // One session ends before the stop, one after it.
    EXPECT_TRUE(Client(proxy.address(), script("shutdown; expect fin"), options).wait().as_scripted());
    proxy.record();
    Client finishes(proxy.address(), script("await stop; shutdown; expect fin"), options);
    Client stays(proxy.address(), script("expect reset"), options);
    ASSERT_TRUE(eventually([&] { return meeting.count("ready") == 3; }));
    proxy.process().signal(SIGTERM);
    ASSERT_TRUE(eventually([&] { return proxy.process().err().find("no more clients") != std::string::npos; }));
    meeting.signal("stop");
    EXPECT_TRUE(finishes.wait().as_scripted()) << finishes.wait().text();
    if (!waits_for_the_drain) proxy.process().signal(SIGTERM);
    EXPECT_TRUE(stays.wait().as_scripted()) << stays.wait().text();
    proxy.expect_end();
    const std::string last = "3 sessions served, 2 of them ended during the stop (1 reset by it)";
    EXPECT_NE(proxy.process().err().find(last), std::string::npos) << proxy.process().err();
  }
}

TEST_F(Stopping, T15_many_sessions_all_end) {
  constexpr std::uint32_t kMany = 100;
  Server server = start_server("send 1; read", options_, kMany);
  Proxy proxy(server.address(), {"--drain", "300ms"});
  std::vector<Client> clients;
  for (std::uint32_t i = 0; i < kMany; ++i)
    clients.emplace_back(proxy.address(), script("recv 1; signal ready; expect reset"), options_);
  ready(kMany);
  proxy.process().signal(SIGTERM);
  for (Client& client : clients) EXPECT_TRUE(client.wait().as_scripted()) << client.wait().text();
  proxy.expect_end();
  for (const Record& record : proxy.records(kMany)) EXPECT_EQ(record.client.end, "stopped") << record.line;
}

}  // namespace
}  // namespace lastbyte::system_test
