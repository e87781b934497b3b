// An address that drops SYNs, in a network namespace of its own (RFC 8305).
#include <gtest/gtest.h>
#include <sched.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>
#include <vector>

#include "process/spawn.h"
#include "tests/harness/proxy.h"
#include "tests/probe/harness/dns_server.h"
#include "tests/system/upstreams/member.h"

namespace lastbyte::system_test {
namespace {

using probe::test::DnsServer;

bool run(const std::vector<std::string>& arguments) {
  Process process({.arguments = arguments});
  return process.wait() == 0;
}

/// Returns a record's tries: {end, milliseconds from accept()}.
std::vector<std::pair<std::string, long>> tries_of(const Record& record) {
  std::vector<std::pair<std::string, long>> tries;
  const auto line = nlohmann::json::parse(record.line);
  for (const auto& each : line.at("tries")) tries.emplace_back(each.at("end"), each.at("began_us").get<long>() / 1000);
  return tries;
}

TEST(SilentAddress, T3_costs_the_first_session_a_quarter_of_a_second_and_the_next_nothing) {
  if (process::find_program("nft").empty() || !DnsServer::possible()) GTEST_SKIP() << "needs nft(8) and knot";
  bool possible = false;
  std::thread([&] {
    possible = ::unshare(CLONE_NEWNET) == 0 && run({"ip", "link", "set", "lo", "up"}) &&
               run({"nft", "add", "table", "inet", "t"}) &&
               run({"nft", "add", "chain", "inet", "t", "c", "{ type filter hook input priority 0; }"}) &&
               run({"nft", "add", "rule", "inet", "t", "c", "ip", "daddr", "127.0.0.2", "tcp", "flags", "syn", "drop"});
    if (!possible) return;
    TestMember silent("silent", "127.0.0.2");
    TestMember second("second", "::1", silent.address().port());
    DnsServer dns("a 60 A 127.0.0.2\na 60 AAAA ::1");
    Proxy proxy(second.address(), {.config = "forwardings:\n  - {listen: 'tcp:127.0.0.1:0', connect: 'tcp:a.example:" +
                                             std::to_string(second.address().port()) +
                                             "', names: {resolver: dns, family: prefer-ipv4, servers: ['" +
                                             dns.address().text() + "']}}\n"});
    EXPECT_EQ(ask(proxy.address(), "x"), "x second\n");
    const auto first = tries_of(proxy.record());
    ASSERT_EQ(first.size(), 2U) << proxy.record().line;
    const auto connected = std::ranges::find(first, std::string("connected"), &std::pair<std::string, long>::first);
    ASSERT_NE(connected, first.end());
    EXPECT_GE(connected->second, 250) << "the second address was tried beside the first one";
    EXPECT_EQ(ask(proxy.address(), "y"), "y second\n");
    const auto next = tries_of(proxy.records(2).back());
    ASSERT_EQ(next.size(), 1U);
    EXPECT_EQ(next[0].first, "connected");
  }).join();
  if (!possible) GTEST_SKIP() << "no right to make a network namespace, or no nft(8) in it";
}

}  // namespace
}  // namespace lastbyte::system_test
