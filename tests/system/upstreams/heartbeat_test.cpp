// Members of a group that send heartbeats with `lastbyte heartbeat serve`.
#include <gtest/gtest.h>
#include <signal.h>

#include <string>

#include "tests/harness/proxy.h"
#include "tests/system/upstreams/member.h"

namespace lastbyte::system_test {
namespace {

/// Long intervals, so that load on this machine does not count as silence. Changes are reported at once.
constexpr const char* kInterval = "60s";

class HeartbeatServer {
 public:
  explicit HeartbeatServer(const std::string& endpoint)
      : process_({.arguments = {LASTBYTE_BINARY, "heartbeat", "serve", endpoint, "--interval", kInterval}}) {
    const std::string listening = "listening on tcp:";
    EXPECT_TRUE(eventually([&] { return process_.out().starts_with(listening) && process_.out().ends_with('\n'); }))
        << process_.err();
    const std::string out = process_.out();
    port_ = out.substr(out.rfind(':') + 1, out.size() - out.rfind(':') - 2);
  }
  [[nodiscard]] const std::string& port() const { return port_; }
  Process& process() { return process_; }

 private:
  Process process_;
  std::string port_;
};

TEST(Heartbeats, a_member_that_drains_gets_no_sessions_and_one_that_is_gone_is_down) {
  TestMember first("first");
  TestMember second("second", "127.0.0.2");
  HeartbeatServer of_first("tcp:127.0.0.1:0");
  HeartbeatServer of_second("tcp:127.0.0.2:" + of_first.port());
  Proxy proxy(first.address(),
              {.config = "groups:\n  web: {members: ['" + first.endpoint() + "', '" + second.endpoint() +
                         "'], policy: first, check: {kind: heartbeat, failure-threshold: 1, period: " + kInterval +
                         ", port: " + of_first.port() +
                         "}}\nforwardings:\n  - {listen: 'tcp:127.0.0.1:0', connect: 'group:web'}\n"});
  const auto said = [&](const std::string& words) {
    return eventually([&] { return proxy.process().err().find(words) != std::string::npos; });
  };
  EXPECT_EQ(ask(proxy.address(), "1"), "1 first\n") << "the start has waited for the first heartbeats";

  of_first.process().signal(SIGUSR1);
  EXPECT_TRUE(said("group web: " + first.endpoint() + " is draining, was up: check: heartbeat"))
      << proxy.process().err();
  EXPECT_EQ(ask(proxy.address(), "2"), "2 second\n");
  of_first.process().signal(SIGUSR2);
  EXPECT_TRUE(said("group web: " + first.endpoint() + " is up, was draining: check: heartbeat"))
      << proxy.process().err();
  EXPECT_EQ(ask(proxy.address(), "3"), "3 first\n");

  of_first.process().signal(SIGKILL);
  EXPECT_TRUE(said("group web: " + first.endpoint() +
                   " is down, was up: check: 1 failed in a row: heartbeat: the peer closed the connection"))
      << proxy.process().err();
  EXPECT_EQ(ask(proxy.address(), "4"), "4 second\n");
  proxy.records(4);
}

}  // namespace
}  // namespace lastbyte::system_test
