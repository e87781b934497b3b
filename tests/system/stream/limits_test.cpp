// The limits of sessions: in total, on a listener, of a client.
#include <gtest/gtest.h>

#include "tests/harness/scene.h"

namespace lastbyte::system_test {
namespace {

class SessionLimits : public ::testing::Test {
 protected:
  SessionLimits() { options_.meeting = &meeting_; }
  static constexpr const char* kClient = "recv 1; signal in; await go; shutdown; expect fin";

  void start(const Flags& flags) {
    server_.emplace(start_server("send 1; expect fin; close", options_, std::nullopt));
    proxy_.emplace(server_->address(), flags);
  }
  void TearDown() override {
    if (server_) server_->stop();
  }
  bool in(std::uint32_t count) {
    return eventually([&] { return meeting_.count("in") == count; });
  }

  /// Two of six clients are served at a time. The others are neither reset nor lost.
  void expect_two_at_a_time() {
    std::vector<Client> clients;
    for (int i = 0; i < 6; ++i) clients.emplace_back(proxy_->address(), script(kClient), options_);
    EXPECT_TRUE(in(2));
    EXPECT_FALSE(eventually([&] { return meeting_.count("in") > 2; }, milliseconds(200)));
    meeting_.signal("go");
    for (Client& client : clients) EXPECT_TRUE(client.wait().as_scripted()) << client.wait().text();
    for (const Record& record : proxy_->records(6)) EXPECT_TRUE(record.complete) << record.line;
  }

  Meeting meeting_;
  PeerOptions options_;
  std::optional<Server> server_;
  std::optional<Proxy> proxy_;
};

TEST_F(SessionLimits, in_all_makes_further_clients_wait) {
  start({"--max-sessions", "2"});
  expect_two_at_a_time();
}

TEST_F(SessionLimits, of_a_listener_makes_further_clients_wait) {
  start({"--max-sessions-per-listener", "2"});
  expect_two_at_a_time();
}

TEST_F(SessionLimits, of_a_listener_leaves_others_alone) {
  server_.emplace(start_server("send 1; expect fin; close", options_, std::nullopt));
  const std::string to = "connect: tcp:" + server_->address().text() + "\n";
  Proxy::Options options;
  options.config = "forwardings:\n  - listen: tcp:127.0.0.1:0\n    max-sessions: 1\n    " + to +
                   "  - listen: tcp:127.0.0.2:0\n    " + to;
  Proxy proxy(server_->address(), options);
  Client first(proxy.address(0), script(kClient), options_);
  ASSERT_TRUE(in(1));
  Client waits(proxy.address(0), script(kClient), options_);
  Client other(proxy.address(1), script(kClient), options_);
  EXPECT_TRUE(in(2));
  meeting_.signal("go");
  for (Client* client : {&first, &waits, &other}) EXPECT_TRUE(client->wait().as_scripted()) << client->wait().text();
}

TEST_F(SessionLimits, of_a_client_resets_further_ones_of_its_address_alone) {
  start({"--max-sessions-per-client", "2"});
  Client first(proxy_->address(), script(kClient), options_);
  Client second(proxy_->address(), script(kClient), options_);
  ASSERT_TRUE(in(2));
  Client third(proxy_->address(), script("read"));
  EXPECT_TRUE(third.wait().reset()) << third.wait().text();
  PeerOptions elsewhere = options_;
  elsewhere.source = *net::Address::parse("127.0.0.77", 0);
  Client other(proxy_->address(), script(kClient), elsewhere);
  EXPECT_TRUE(in(3));
  meeting_.signal("go");
  for (Client* client : {&first, &second, &other}) EXPECT_TRUE(client->wait().as_scripted()) << client->wait().text();
  proxy_->records(3);
  // Ended sessions no longer count.
  Client again(proxy_->address(), script(kClient), options_);
  EXPECT_TRUE(again.wait().as_scripted()) << again.wait().text();
}

TEST_F(SessionLimits, clients_that_wait_keep_what_they_have_said) {
  server_.emplace(start_server("expect fin; send 100K; close", options_, std::nullopt));
  proxy_.emplace(server_->address(), Flags{"--max-sessions", "1"});
  std::vector<Client> clients;
  for (int i = 0; i < 10; ++i)
    clients.emplace_back(proxy_->address(), script("send 10K; shutdown; expect fin"), options_);
  for (Client& client : clients) EXPECT_TRUE(client.wait().as_scripted()) << client.wait().text();
}

}  // namespace
}  // namespace lastbyte::system_test
