// Peers that vanish in every state of a session: their link goes down without notice to lastbyte (T4, T8).
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "net/namespace/enter.h"
#include "tests/harness/scene.h"
#include "wire/interface.h"
#include "wire/network.h"
#include "wire/veth.h"

namespace lastbyte::system_test {
namespace {

constexpr const char* kProxyHost = "10.77.1.2";
constexpr const char* kServerHost = "10.77.2.2";

/// client ---- proxy ---- server, each in a network namespace of its own.
class Cables {
 public:
  /// Returns false if it is not possible here; `why` has the reason.
  bool make() {
    for (Descriptor* each : {&client_, &proxy_, &server_}) {
      auto made = wire::make_namespace();
      if (!made) return failed(made.error());
      *each = std::move(*made);
    }
    const auto left =
        wire::join_by_veth({client_.get(), "lb-client", "10.77.1.1"}, {proxy_.get(), "lb-left", kProxyHost});
    if (!left) return failed(left.error());
    const auto right =
        wire::join_by_veth({proxy_.get(), "lb-right", "10.77.2.1"}, {server_.get(), "lb-server", kServerHost});
    return right ? true : failed(right.error());
  }
  [[nodiscard]] const std::string& why() const { return why_; }

  template <typename Function>
  void at_client(Function function) const {
    inside(client_, function);
  }
  template <typename Function>
  void at_proxy(Function function) const {
    inside(proxy_, function);
  }
  template <typename Function>
  void at_server(Function function) const {
    inside(server_, function);
  }
  /// Cuts the link: nothing passes in either direction.
  void cut_client() const {
    at_client([] { EXPECT_TRUE(wire::take_down("lb-client")); });
  }
  void cut_server() const {
    at_server([] { EXPECT_TRUE(wire::take_down("lb-server")); });
  }

 private:
  template <typename Function>
  static void inside(const Descriptor& network, Function function) {
    const auto entered = net::run_inside(network.get(), function);
    EXPECT_TRUE(entered) << entered.error().text();
  }
  bool failed(const Error& error) {
    why_ = error.text();
    return false;
  }

  Descriptor client_;
  Descriptor proxy_;
  Descriptor server_;
  std::string why_;
};

/// One probe after a second of silence; the connection ends a second later.
const Flags kProbes{"--client-keepalive-idle",       "1s", "--client-keepalive-interval", "1s",
                    "--client-keepalive-count",      "1",  "--upstream-keepalive-idle",   "1s",
                    "--upstream-keepalive-interval", "1s", "--upstream-keepalive-count",  "1"};

Flags with(Flags flags) {
  flags.insert(flags.begin(), kProbes.begin(), kProbes.end());
  return flags;
}

class VanishedPeer : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!cables_.make()) GTEST_SKIP() << cables_.why();
    peers_.meeting = &meeting_;
  }

  /// The proxy dies with the thread that started it, so this thread stays for the whole test.
  template <typename Body>
  void at_proxy(Body body) {
    cables_.at_proxy([&] {
      body();
      client_.reset();
      if (server_) server_->stop();
      proxy_.reset();
    });
  }

  void start(const std::string& server, const Flags& flags = kProbes) {
    cables_.at_server([&] {
      auto started = Server::start(script(server), peers_, 1, *net::Address::parse(kServerHost, 0));
      ASSERT_TRUE(started) << started.error().text();
      server_.emplace(std::move(*started));
    });
    proxy_.emplace(server_->address(),
                   Proxy::Options{.flags = flags, .listen = "tcp:" + std::string(kProxyHost) + ":0"});
  }
  void come(const std::string& client) {
    cables_.at_client([&] { client_.emplace(proxy_->address(), script(client), peers_); });
  }
  void wait_for(const std::string& signal) {
    ASSERT_TRUE(eventually([&] { return meeting_.count(signal) > 0; })) << signal;
  }
  void expect_scripted(const Observed& seen) { EXPECT_TRUE(seen.as_scripted()) << seen.text(); }

  Cables cables_;
  Meeting meeting_;
  PeerOptions peers_;
  std::optional<Server> server_;
  std::optional<Proxy> proxy_;
  std::optional<Client> client_;
};

TEST_F(VanishedPeer, T4_the_client_of_an_idle_session_is_a_failure_to_the_upstream) {
  at_proxy([&] {
    start("recv 10; send 10; expect reset");
    come("send 10; recv 10; signal there; await never");
    wait_for("there");
    cables_.cut_client();
    for (const Observed& each : server_->wait()) expect_scripted(each);
    const Record record = proxy_->record();
    EXPECT_EQ(record.client.end, "vanished") << record.line;
    EXPECT_EQ(record.upstream.end, "passed_on") << record.line;
  });
}

TEST_F(VanishedPeer, T4_the_upstream_of_an_idle_session_is_a_failure_to_the_client) {
  at_proxy([&] {
    start("recv 10; send 10; await never");
    come("send 10; recv 10; signal there; expect reset");
    wait_for("there");
    cables_.cut_server();
    expect_scripted(client_->wait());
    const Record record = proxy_->record();
    EXPECT_EQ(record.upstream.end, "vanished") << record.line;
    EXPECT_EQ(record.client.end, "passed_on") << record.line;
  });
}

TEST_F(VanishedPeer, T8_a_client_that_does_not_acknowledge_data_is_given_up_by_its_user_timeout) {
  at_proxy([&] {
    start("await cut; send 20K; expect reset", with({"--client-user-timeout", "2s"}));
    come("signal there; await never");
    wait_for("there");
    cables_.cut_client();
    meeting_.signal("cut");
    for (const Observed& each : server_->wait()) expect_scripted(each);
    const Record record = proxy_->record();
    EXPECT_EQ(record.client.end, "vanished") << record.line;
    EXPECT_GT(record.upstream.undelivered, 0U) << record.line;
  });
}

TEST_F(VanishedPeer, T8_a_client_that_had_sent_its_fin_is_found_too) {
  at_proxy([&] {
    start("recv 10; expect fin; signal there; await never", with({"--linger-timeout", "1s", "--linger-time", "1s"}));
    come("send 10; shutdown; await never");
    wait_for("there");
    cables_.cut_client();
    const Record record = proxy_->record();
    EXPECT_EQ(record.client.end, "vanished") << record.line;
    EXPECT_FALSE(record.complete) << record.line;
  });
}

TEST_F(VanishedPeer, T8_an_upstream_that_had_sent_its_fin_is_found_too) {
  at_proxy([&] {
    start("send 10; shutdown; await never", with({"--linger-timeout", "1s", "--linger-time", "1s"}));
    come("recv 10; expect fin; signal there; await never");
    wait_for("there");
    cables_.cut_server();
    const Record record = proxy_->record();
    EXPECT_EQ(record.upstream.end, "vanished") << record.line;
    EXPECT_FALSE(record.complete) << record.line;
  });
}

TEST_F(VanishedPeer, T8_an_upstream_that_is_being_connected_costs_the_connect_limit_at_most) {
  at_proxy([&] {
    start("await never", with({"--limits-connect", "1s"}));
    cables_.cut_server();
    come("send 10; expect reset");
    expect_scripted(client_->wait());
    const Record record = proxy_->record();
    EXPECT_EQ(record.limit, "connect") << record.line;
    EXPECT_EQ(record.connect_us, -1) << record.line;
  });
}

TEST_F(VanishedPeer, T6_lingering_for_a_client_ends_at_its_bound) {
  at_proxy([&] {
    start("send 3; close", {"--linger-timeout", "1s", "--linger-time", "2s"});
    come("recv 3; expect fin; send 10; signal there; await never");
    wait_for("there");
    cables_.cut_client();
    const Record record = proxy_->record();
    EXPECT_EQ(record.limit, "linger") << record.line;
  });
}

TEST_F(VanishedPeer, T4_the_flush_ahead_of_a_reset_ends_at_its_bound) {
  at_proxy([&] {
    start("await cut; send 20K; flush; reset", {"--limits-reset-flush", "1s"});
    come("signal there; await never");
    wait_for("there");
    cables_.cut_client();
    meeting_.signal("cut");
    const Record record = proxy_->record();
    EXPECT_EQ(record.limit, "reset_flush") << record.line;
    EXPECT_EQ(record.upstream.end, "reset") << record.line;
    EXPECT_EQ(record.client.end, "passed_on") << record.line;
    EXPECT_EQ(record.upstream.undelivered, 20U * 1024) << record.line;
  });
}

}  // namespace
}  // namespace lastbyte::system_test
