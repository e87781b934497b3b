#include "kernel/proc/counters.h"

#include <gtest/gtest.h>

#include "net/namespace/enter.h"
#include "tests/harness/loopback.h"
#include "tests/harness/own_network.h"

namespace lastbyte::kernel {
namespace {

TEST(Counters, takes_names_and_values_from_pairs_of_lines) {
  Counters counters;
  counters.add_pairs(
      "Tcp: RtoAlgorithm MaxConn OutRsts\nTcp: 1 -1 7\nTcpExt: SyncookiesSent TWRecycled\nTcpExt: 0 18446744073\n");
  EXPECT_EQ(counters.find("Tcp:OutRsts"), 7);
  EXPECT_EQ(counters.find("Tcp:MaxConn"), -1);
  EXPECT_EQ(counters.find("TcpExt:TWRecycled"), 18446744073);
  EXPECT_EQ(counters.find("TcpExt:OutRsts"), std::nullopt);
  EXPECT_EQ(counters.value("TcpExt:OutRsts"), 0);
  EXPECT_EQ(counters.all().size(), 5U);
}

TEST(Counters, leave_out_lines_that_do_not_pair) {
  Counters counters;
  counters.add_pairs("Tcp: A B\nTcp: 1\nTcp: C\nTcp: x\nUdp: D\n\nIp: E\nIp: 5");
  EXPECT_EQ(counters.all().size(), 1U);
  EXPECT_EQ(counters.find("Ip:E"), 5);
}

TEST(Counters, split_the_names_of_snmp6) {
  Counters counters;
  counters.add_snmp6("Ip6InReceives                   \t12\nUdpLite6InErrors 3\nIcmp6OutMsgs 4\nnonsense\nOther 1\n");
  EXPECT_EQ(counters.find("Ip6:InReceives"), 12);
  EXPECT_EQ(counters.find("UdpLite6:InErrors"), 3);
  EXPECT_EQ(counters.find("Icmp6:OutMsgs"), 4);
  EXPECT_EQ(counters.all().size(), 3U);
}

TEST(Counters, read_the_levels_of_sockstat) {
  Counters counters;
  counters.add_sockstat("sockets: used 5\nTCP: inuse 1 orphan 2 tw 3 alloc 4 mem 6\nTCP6: inuse 7\n");
  EXPECT_EQ(counters.find("Sockstat:TCP.tw"), 3);
  EXPECT_EQ(counters.find("Sockstat:TCP.mem"), 6);
  EXPECT_EQ(counters.find("Sockstat:TCP6.inuse"), 7);
  EXPECT_EQ(counters.find("Sockstat:sockets.used"), 5);
}

TEST(Counters, since_an_earlier_moment_are_those_that_changed) {
  Counters before;
  before.add_pairs("Tcp: A B\nTcp: 1 2\n");
  Counters after;
  after.add_pairs("Tcp: A B C\nTcp: 5 2 9\n");
  const Counters added = after.since(before);
  EXPECT_EQ(added.all().size(), 2U);
  EXPECT_EQ(added.value("Tcp:A"), 4);
  EXPECT_EQ(added.value("Tcp:C"), 9);
}

TEST(Counters, are_those_of_the_namespace_asked_for) {
  const net::test::OwnNetwork network;
  if (!network) GTEST_SKIP() << "no network namespace of its own here";
  const auto before = read_counters(network.descriptor());
  ASSERT_TRUE(before) << before.error().text();
  EXPECT_EQ(before->value("Tcp:OutRsts"), 0);
  ASSERT_TRUE(net::run_inside(network.descriptor(), [] {
    const Descriptor nobody(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto there = *net::Address::parse("127.0.0.1", 9);
    EXPECT_NE(::connect(nobody.get(), there.data(), there.size()), 0);
  }));
  const auto after = read_counters(network.descriptor());
  ASSERT_TRUE(after) << after.error().text();
  const Counters added = after->since(*before);
  EXPECT_EQ(added.value("Tcp:OutRsts"), 1);
  EXPECT_EQ(added.value("Tcp:AttemptFails"), 1);
}

TEST(Counters, of_this_kernel_have_those_that_the_documents_name) {
  const auto counters = read_counters();
  ASSERT_TRUE(counters) << counters.error().text();
  for (const char* name : {"Tcp:OutRsts", "Tcp:EstabResets", "TcpExt:ListenOverflows", "TcpExt:ListenDrops",
                           "TcpExt:TCPAbortOnData", "TcpExt:TCPAbortOnClose", "TcpExt:TCPAbortOnMemory",
                           "TcpExt:TCPAbortOnLinger", "TcpExt:TWRecycled", "Sockstat:TCP.tw", "Sockstat:TCP.orphan"})
    EXPECT_TRUE(counters->find(name)) << name;
}

}  // namespace
}  // namespace lastbyte::kernel
