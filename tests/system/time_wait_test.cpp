// T13: where TIME_WAIT falls, and which addresses the proxy connects from.
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <set>
#include <sstream>

#include "scene.h"

namespace lastbyte::system_test {
namespace {

/// As /proc/net/tcp writes it: the IPv4 address in the machine's byte order, then the port.
std::string proc_text(const net::Address& address) {
  const auto* v4 = reinterpret_cast<const sockaddr_in*>(address.data());
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "%08X:%04X", v4->sin_addr.s_addr, address.port());
  return text.data();
}

bool in_time_wait(const net::Address& local, const net::Address& remote) {
  std::istringstream lines(read_file("/proc/net/tcp"));
  const std::string wanted = proc_text(local) + " " + proc_text(remote) + " 06";
  for (std::string line; std::getline(lines, line);)
    if (line.find(wanted) != std::string::npos) return true;
  return false;
}

void expect_time_wait(const net::Address& local, const net::Address& remote, bool wanted) {
  EXPECT_EQ(in_time_wait(local, remote), wanted) << local.text() << " -> " << remote.text();
}

TEST(T13_WhereTimeWaitFalls, TheClientThatClosesFirstHasItAndTheProxyBeforeTheServer) {
  const Played played = play("send 10; shutdown; expect fin", "expect fin; send 10; close");
  expect_complete(played);
  expect_time_wait(played.client.local, played.client.remote, true);
  expect_time_wait(played.client.remote, played.client.local, false);
  expect_time_wait(played.server.remote, played.server.local, true);
  expect_time_wait(played.server.local, played.server.remote, false);
}

TEST(T13_WhereTimeWaitFalls, TheServerThatClosesFirstHasItAndTheProxyBeforeTheClient) {
  const Played played = play("expect fin; send 10; close", "send 10; shutdown; expect fin");
  expect_complete(played);
  expect_time_wait(played.client.local, played.client.remote, false);
  expect_time_wait(played.client.remote, played.client.local, true);
  expect_time_wait(played.server.remote, played.server.local, false);
  expect_time_wait(played.server.local, played.server.remote, true);
}

TEST(T13_WhereTimeWaitFalls, NobodyHasItAfterAReset) {
  const Played played = play("recv 1; reset", "send 1; expect reset");
  expect_time_wait(played.client.remote, played.client.local, false);
  expect_time_wait(played.server.remote, played.server.local, false);
}

TEST(T13_SourceAddresses, AreTakenInTurn) {
  constexpr std::uint32_t kSessions = 10;
  Server server = start_server("expect fin; close", {}, kSessions);
  Proxy proxy(server.address(), {"--workers", "1", "--upstream-sources", "127.0.0.2,127.0.0.3"});
  for (std::uint32_t i = 0; i < kSessions; ++i) {
    Client client(proxy.address(), script("shutdown; expect fin"));
    EXPECT_TRUE(client.wait().as_scripted()) << client.wait().text();
  }
  const auto served = server.wait();
  ASSERT_EQ(served.size(), kSessions);
  for (std::size_t i = 1; i < served.size(); ++i) {
    const std::set<std::string> both{served[i - 1].remote.ip_text(), served[i].remote.ip_text()};
    EXPECT_EQ(both, (std::set<std::string>{"127.0.0.2", "127.0.0.3"})) << i;
  }
}

TEST(T13_SourceAddresses, AllWorkersTogetherUseAll) {
  constexpr std::uint32_t kSessions = 20;
  Server server = start_server("expect fin; close", {}, kSessions);
  Proxy proxy(server.address(),
              {"--workers", "2", "--upstream-sources", "127.0.0.2", "--upstream-sources", "127.0.0.3"});
  for (std::uint32_t i = 0; i < kSessions; ++i) {
    Client client(proxy.address(), script("shutdown; expect fin"));
    EXPECT_TRUE(client.wait().as_scripted()) << client.wait().text();
  }
  std::set<std::string> sources;
  for (const Observed& each : server.wait()) sources.insert(each.remote.ip_text());
  EXPECT_EQ(sources, (std::set<std::string>{"127.0.0.2", "127.0.0.3"}));
}

}  // namespace
}  // namespace lastbyte::system_test
