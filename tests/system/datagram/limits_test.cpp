// The limit of clients on a UDP listener, and what happens beyond it.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <filesystem>

#include "tests/harness/datagrams.h"

namespace lastbyte::system_test {
namespace {

/// One worker, so that it has all clients.
const Flags kOneWorker{"--workers", "1"};

/// Expects that nothing comes. The questions of other clients show that the proxy was not just slow.
void expect_silence(const UdpSocket& client) { EXPECT_FALSE(client.receive(milliseconds(100))); }

TEST(DatagramLimits, a_full_table_refuses_new_clients_and_keeps_the_others) {
  const UdpServer server;
  Proxy proxy(
      server.address(),
      udp_options({udp_forwarding(kLoopback, server.address(), {"max-sessions: 2", "name: full"})}, kOneWorker));
  const UdpSocket first;
  const UdpSocket second;
  const UdpSocket third;
  EXPECT_EQ(first.ask(proxy.address(), "1"), "1");
  EXPECT_EQ(second.ask(proxy.address(), "2"), "2");
  third.send(proxy.address(), "3");
  EXPECT_EQ(first.ask(proxy.address(), "1 again"), "1 again");
  expect_silence(third);
  EXPECT_NE(proxy.process().err().find("datagrams of new clients are dropped on full"), std::string::npos)
      << proxy.process().err();
  datagram_records(proxy, 2);
  EXPECT_EQ(third.ask(proxy.address(), "now"), "now");
}

TEST(DatagramLimits, a_full_table_may_evict_the_client_that_was_silent_the_longest) {
  const UdpServer server;
  Proxy proxy(server.address(),
              udp_options({udp_forwarding(kLoopback, server.address(),
                                          {"max-sessions: 2", "when-full: oldest", "limits: {datagram-idle: 2s}"})},
                          kOneWorker));
  const UdpSocket first;
  const UdpSocket second;
  const UdpSocket third;
  EXPECT_EQ(first.ask(proxy.address(), "1"), "1");
  EXPECT_EQ(second.ask(proxy.address(), "2"), "2");
  EXPECT_EQ(first.ask(proxy.address(), "1 again"), "1 again");
  EXPECT_EQ(third.ask(proxy.address(), "3"), "3");
  const DatagramRecord evicted = datagram_records(proxy, 1).front();
  EXPECT_EQ(evicted.end, "evicted") << evicted.line;
  EXPECT_EQ(evicted.client.address, second.address().text()) << evicted.line;
  EXPECT_EQ(evicted.upstream.datagrams, 1U) << evicted.line;
  EXPECT_EQ(first.ask(proxy.address(), "1 still"), "1 still");
  datagram_records(proxy, 3);
}

// One batch has more new clients than there is room for. The datagrams of an evicted client are still forwarded.
TEST(DatagramLimits, a_batch_of_new_clients_that_evict_each_other_loses_nothing) {
  const UdpServer server;
  Proxy proxy(
      server.address(),
      udp_options({udp_forwarding(kLoopback, server.address(), {"max-sessions: 1", "when-full: oldest"})}, kOneWorker));
  constexpr std::size_t kClients = 200;
  const std::vector<UdpSocket> clients(kClients);
  for (const UdpSocket& client : clients) client.send(proxy.address(), "x");
  for (const DatagramRecord& record : datagram_records(proxy, kClients)) {
    EXPECT_EQ(record.client.datagrams, 1U) << record.line;
    EXPECT_EQ(record.client.dropped_datagrams, 0U) << record.line;
  }
}

TEST(DatagramLimits, of_one_client_address_leave_others_alone) {
  const UdpServer server;
  Proxy proxy(server.address(),
              udp_options({udp_forwarding(kLoopback, server.address(), {"max-sessions-per-client: 1"})}, kOneWorker));
  const UdpSocket first;
  const UdpSocket same;
  const UdpSocket other(*net::Address::parse("127.0.0.9", 0));
  EXPECT_EQ(first.ask(proxy.address(), "1"), "1");
  same.send(proxy.address(), "2");
  EXPECT_EQ(other.ask(proxy.address(), "3"), "3");
  expect_silence(same);
  datagram_records(proxy, 2);
  EXPECT_EQ(same.ask(proxy.address(), "now"), "now");
}

void set_descriptor_limit(pid_t pid, rlim_t soft) {
  rlimit limit{};
  ASSERT_EQ(::prlimit(pid, RLIMIT_NOFILE, nullptr, &limit), 0);
  limit.rlim_cur = std::min(soft, limit.rlim_max);
  ASSERT_EQ(::prlimit(pid, RLIMIT_NOFILE, &limit, nullptr), 0);
}

// LXD: "EMFILE spins at 100 % CPU and floods the log".
TEST(DatagramLimits, T12_a_shortage_of_descriptors_neither_spins_nor_floods_the_log) {
  const UdpServer server;
  Proxy proxy(server.address(),
              udp_options({udp_forwarding(kLoopback, server.address(), {"limits: {datagram-idle: 8s}"})}, kOneWorker));
  const UdpSocket open;
  EXPECT_EQ(open.ask(proxy.address(), "1"), "1");
  set_descriptor_limit(proxy.process().pid(), 0);
  const UdpSocket refused;
  const milliseconds before = proxy.process().cpu_time();
  for (int i = 0; i < 100; ++i) {
    refused.send(proxy.address(), "2");
    EXPECT_EQ(open.ask(proxy.address(), "3"), "3");
    std::this_thread::sleep_for(milliseconds(10));  // the measured time
  }
  EXPECT_LT(proxy.process().cpu_time() - before, milliseconds(500));
  expect_silence(refused);
  const std::string err = proxy.process().err();
  const auto told = err.find("no new sessions on ");
  ASSERT_NE(told, std::string::npos) << err;
  EXPECT_EQ(err.find("no new sessions on ", told + 1), std::string::npos) << err;
  set_descriptor_limit(proxy.process().pid(), 20'000);
  EXPECT_TRUE(eventually([&] {
    refused.send(proxy.address(), "now");
    return refused.receive(milliseconds(50)).has_value();
  }));
  EXPECT_TRUE(eventually([&] { return proxy.process().err().find("the shortage is over") != std::string::npos; }));
}

/// A source address that no machine has (RFC 5737).
constexpr const char* kAbsentSource = "upstream: {sources: [192.0.2.77]}";

TEST(DatagramLimits, T12_a_forwarding_whose_source_is_absent_leaves_new_clients_of_others_alone) {
  const UdpServer server;
  Proxy proxy(server.address(), udp_options({udp_forwarding(kLoopback, server.address(), {"name: ill", kAbsentSource}),
                                             udp_forwarding(kLoopback, server.address(), {"name: well"})},
                                            kOneWorker));
  const UdpSocket vain;
  const std::vector<UdpSocket> clients(20);
  for (const UdpSocket& client : clients) {
    for (int again = 0; again < 5; ++again) vain.send(proxy.address(0), "in vain");
    ASSERT_EQ(client.ask(proxy.address(1), "x"), "x");
  }
  expect_silence(vain);
  const std::string err = proxy.process().err();
  EXPECT_NE(err.find("datagrams of new clients are dropped on ill: bind source 192.0.2.77 for udp:" +
                     server.address().text()),
            std::string::npos)
      << err;
  EXPECT_NE(err.find("no interface of this machine has the address"), std::string::npos) << err;
  EXPECT_EQ(err.find("no new sessions on "), std::string::npos) << err;
  datagram_records(proxy, clients.size());
}

TEST(DatagramLimits, T13_a_source_that_is_absent_leaves_the_work_to_the_others) {
  const UdpServer server;
  Proxy proxy(
      server.address(),
      udp_options({udp_forwarding(kLoopback, server.address(), {"upstream: {sources: [192.0.2.77, 127.0.0.3]}"})},
                  kOneWorker));
  const std::vector<UdpSocket> clients(10);
  for (const UdpSocket& client : clients) ASSERT_EQ(client.ask(proxy.address(), "x"), "x");
  datagram_records(proxy, clients.size());
}

// A source with a port serves one session at a time.
TEST(DatagramLimits, T13_a_source_port_in_use_leaves_the_work_to_the_others) {
  const UdpServer server;
  const net::Address taken = UdpSocket().address();
  Proxy proxy(server.address(),
              udp_options({udp_forwarding(kLoopback, server.address(),
                                          {"upstream: {sources: [" + taken.text() + ", 127.0.0.3]}"})},
                          kOneWorker));
  const std::vector<UdpSocket> clients(6);
  for (const UdpSocket& client : clients) EXPECT_EQ(client.ask(proxy.address(), "x"), "x");
  datagram_records(proxy, clients.size());
}

}  // namespace
}  // namespace lastbyte::system_test
