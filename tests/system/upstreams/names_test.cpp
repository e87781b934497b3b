// Upstreams by name, with a real DNS server whose answers change.
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include <optional>
#include <thread>

#include "tests/harness/proxy.h"
#include "tests/probe/harness/dns_server.h"
#include "tests/system/upstreams/member.h"

namespace lastbyte::system_test {
namespace {

using probe::test::DnsServer;

/// Members on 127.0.0.2 and 127.0.0.3, on the same port.
class UpstreamNames : public testing::Test {
 protected:
  void SetUp() override {
    if (!DnsServer::possible()) GTEST_SKIP() << "knot is not installed";
    first_.emplace("first", "127.0.0.2");
    port_ = first_->address().port();
    second_.emplace("second", "127.0.0.3", port_);
  }

  [[nodiscard]] std::string config(const DnsServer& dns, const std::string& names = "") const {
    return "forwardings:\n  - {name: front, listen: 'tcp:127.0.0.1:0', connect: 'tcp:a.example:" +
           std::to_string(port_) + "', names: {resolver: dns, servers: ['" + dns.address().text() + "'], ttl-min: 1s" +
           names + "}}\n";
  }

  std::optional<TestMember> first_;
  std::optional<TestMember> second_;
  std::uint16_t port_ = 0;
};

TEST_F(UpstreamNames, a_name_that_moves_is_followed_without_a_reload) {
  DnsServer dns("a 1 A 127.0.0.2");
  Proxy proxy(first_->address(), {.config = config(dns)});
  EXPECT_EQ(ask(proxy.address(), "x"), "x first\n");
  dns.set("a 1 A 127.0.0.3");
  EXPECT_TRUE(eventually([&] { return ask(proxy.address(), "y") == "y second\n"; }));
}

TEST_F(UpstreamNames, T3_an_address_that_refuses_is_passed_over) {
  DnsServer dns("a 60 A 127.0.0.2\na 60 A 127.0.0.3");
  first_->stop();
  Proxy proxy(second_->address(), {.config = config(dns)});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ask(proxy.address(), "x"), "x second\n");
  const auto records = proxy.records(3);
  EXPECT_EQ(records.back().retries, 0U) << "what worked last comes first: " << records.back().line;
}

TEST_F(UpstreamNames, one_that_is_gone_keeps_its_last_addresses) {
  DnsServer dns("a 1 A 127.0.0.2");
  Proxy proxy(first_->address(), {.config = config(dns)});
  EXPECT_EQ(ask(proxy.address(), "x"), "x first\n");
  dns.set("b 1 A 127.0.0.3");
  ASSERT_TRUE(eventually([&] { return proxy.process().err().find("a.example") != std::string::npos; }));
  EXPECT_EQ(ask(proxy.address(), "y"), "y first\n");
}

TEST_F(UpstreamNames, one_that_is_unknown_at_the_start_is_an_error_with_its_place) {
  DnsServer dns("b 1 A 127.0.0.3");
  const TemporaryDirectory directory;
  write_file(directory.file("proxy.yaml"), config(dns));
  Process process({.arguments = {LASTBYTE_BINARY, "proxy", "--config", directory.file("proxy.yaml")}});
  EXPECT_EQ(process.wait(), 1);
  EXPECT_NE(process.err().find("proxy.yaml:2:55: forwarding 'front': look up 'a.example'"), std::string::npos)
      << process.err();
}

TEST_F(UpstreamNames, one_that_is_waited_for_serves_once_it_is_known) {
  DnsServer dns("b 1 A 127.0.0.3");
  Proxy proxy(second_->address(), {.config = config(dns, ", unknown: wait")});
  EXPECT_EQ(ask(proxy.address(), "x"), "");
  dns.set("a 1 A 127.0.0.3");
  EXPECT_TRUE(eventually([&] { return ask(proxy.address(), "y") == "y second\n"; }));
}

TEST_F(UpstreamNames, T15_a_reload_while_the_dns_is_down_keeps_what_runs) {
  DnsServer dns("a 1 A 127.0.0.2");
  Proxy proxy(first_->address(), {.config = config(dns)});
  dns.stop();
  const std::string told = proxy.reload(config(dns) + "# the same\n");
  EXPECT_NE(told.find("1 as before"), std::string::npos) << told;
  EXPECT_EQ(ask(proxy.address(), "x"), "x first\n");
}

}  // namespace
}  // namespace lastbyte::system_test
