// T15 for every setting of a listener: a reload that changes it loses or delays no connection attempt, and no UDP
// session loses its client.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include "net/transport/listen.h"
#include "tests/harness/crowd.h"
#include "tests/harness/datagrams.h"
#include "tests/harness/storm.h"

namespace lastbyte::system_test {
namespace {

/// Two ways to listen. Reloads change from one to the other. "PORT" stands for the port.
struct Change {
  std::string name;
  std::string one_ip, one;  ///< the address, and settings of the client side
  std::string other_ip, other;
  bool needs_root = false;  ///< undoing SO_BINDTODEVICE
};

void PrintTo(const Change& change, std::ostream* to) { *to << change.name; }

/// For sessions that silence must not end.
constexpr const char* kPatient = ", limits: {datagram-idle: 1h}";

std::string listening_config(const std::string& transport, const std::string& ip, const std::vector<net::Address>& ats,
                             const std::string& settings, const net::Address& upstream) {
  const std::string host = ip.find(':') == std::string::npos ? ip : "[" + ip + "]";
  std::string config = "drain: 1h\nforwardings:\n";
  for (const net::Address& at : ats)
    config += fmt::format("  - {{name: at{2}, listen: '{0}:{1}:{2}', connect: '{0}:{3}', client: {{{4}}}{5}}}\n",
                          transport, host, at.port(), upstream.text(), settings, transport == "udp" ? kPatient : "");
  return config;
}

class ReloadOfAListener : public ::testing::TestWithParam<Change> {};

const std::string kV4 = "127.0.0.1";
const std::string kV6 = "::1";

INSTANTIATE_TEST_SUITE_P(
    Changes, ReloadOfAListener,
    ::testing::Values(Change{"Buffers", kV4, "send-buffer: 64k, receive-buffer: 64k", kV4, ""},
                      Change{"OneBuffer", kV4, "send-buffer: 64k, receive-buffer: 64k", kV4, "send-buffer: 32k"},
                      Change{"BuffersOfASharedPort", kV4, "reuse-port: true, receive-buffer: 64k", kV4,
                             "reuse-port: true"},
                      Change{"Interface", kV4, "", kV4, "interface: lo", true},
                      Change{"InterfaceOverIpv6", kV6, "", kV6, "interface: lo", true},
                      Change{"InterfaceAndWildcard", kV4, "interface: lo", "0.0.0.0", "", true},
                      Change{"Wildcard", kV4, "", "0.0.0.0", ""}, Change{"WildcardOverIpv6", kV6, "", "::", ""},
                      Change{"WildcardAndBuffers", kV4, "receive-buffer: 64k", "0.0.0.0", "send-buffer: 64k"},
                      Change{"OptionsOfConnections", kV4, "nodelay: false, keepalive: {enabled: false}", kV4,
                             "user-timeout: 9s, keepalive: {idle: 9s}"},
                      Change{"Queues", kV4, "backlog: 100, defer-accept: 1s", kV4, "fast-open: 9"}),
    [](const auto& each) { return each.param.name; });

TEST_P(ReloadOfAListener, T15_holds_up_no_connection_attempt) {
  const Change& change = GetParam();
  if (change.needs_root && ::geteuid() != 0) GTEST_SKIP() << "an interface is given up with CAP_NET_RAW alone";
  const EchoServer echo;
  const net::Address at = free_address(change.one_ip);
  const auto config = [&](bool one) {
    return listening_config("tcp", one ? change.one_ip : change.other_ip, {at}, one ? change.one : change.other,
                            echo.address());
  };
  Proxy proxy(echo.address(), {.config = config(true)});
  ASSERT_TRUE(proxy.process().running());
  {
    Storm storm(at, 2);
    for (int round = 1; round <= 8; ++round) {
      const std::string said = proxy.reload(config(round % 2 == 0));
      ASSERT_NE(said.find("1 changed"), std::string::npos) << said;
      storm.wait_for(20);
    }
  }
  proxy.process().signal(SIGTERM);
  proxy.expect_end();
}

TEST(ReloadOfReusePort, an_end_of_sharing_keeps_other_processes_out) {
  for (const std::string transport : {"tcp", "udp"}) {
    const UdpServer server;
    const EchoServer echo;
    const net::Address upstream = transport == "udp" ? server.address() : echo.address();
    const net::Address at = free_address(kV4);
    const auto config = [&](const char* settings) {
      return listening_config(transport, kV4, {at}, settings, upstream);
    };
    Proxy proxy(upstream, {.flags = {"--workers", "1"}, .config = config("reuse-port: true")});
    ASSERT_TRUE(proxy.process().running());
    proxy.reload(config(""));
    net::ListenOptions shared;
    shared.reuse_port = true;
    const auto joined = net::listen_on(transport == "udp" ? net::Transport::udp : net::Transport::tcp, at, shared, 1);
    EXPECT_FALSE(joined) << transport;
    proxy.process().signal(SIGTERM);
    proxy.expect_end();
  }
}

/// The changes that UDP has.
class ReloadOfADatagramListener : public ::testing::TestWithParam<Change> {};

INSTANTIATE_TEST_SUITE_P(Changes, ReloadOfADatagramListener,
                         ::testing::Values(Change{"Buffers", kV4, "send-buffer: 64k, receive-buffer: 64k", kV4, ""},
                                           Change{"Interface", kV4, "", kV4, "interface: lo"},
                                           Change{"InterfaceOverIpv6", kV6, "", kV6, "interface: lo"},
                                           Change{"InterfaceOfAll", "0.0.0.0", "", "0.0.0.0", "interface: lo"}),
                         [](const auto& each) { return each.param.name; });

TEST_P(ReloadOfADatagramListener, T15_loses_no_datagram_and_moves_no_session_to_another_port) {
  const Change& change = GetParam();
  const UdpServer server;
  const net::Address any = *net::Address::parse(change.one_ip == kV6 ? kV6 : kV4, 0);
  const std::vector<net::Address> ats{UdpSocket(any).address(), UdpSocket(any).address()};
  const auto config = [&](bool one) {
    return listening_config("udp", one ? change.one_ip : change.other_ip, ats, one ? change.one : change.other,
                            server.address());
  };
  Proxy proxy(server.address(), {.flags = {"--workers", "3"}, .config = config(true)});
  std::vector<UdpSocket> clients;
  for (int client = 0; client < 30; ++client) clients.emplace_back(any);
  const auto all_ask = [&] {
    for (std::size_t client = 0; client < clients.size(); ++client)
      ASSERT_EQ(clients[client].ask(ats[client % ats.size()], "x"), "x");
  };
  constexpr int kRounds = 4;
  for (int round = 1; round <= kRounds; ++round) {
    ASSERT_NO_FATAL_FAILURE(all_ask());
    const std::size_t sockets = proxy.process().sockets();
    const std::string said = proxy.reload(config(round % 2 == 0));
    ASSERT_NE(said.find("2 changed"), std::string::npos) << said;
    // Waits until all workers have closed their old sockets.
    EXPECT_TRUE(eventually([&] { return proxy.process().sockets() == sockets; })) << proxy.process().sockets();
  }
  ASSERT_NO_FATAL_FAILURE(all_ask());
  proxy.process().signal(SIGTERM);
  proxy.expect_end();
  const auto records = datagram_records(proxy, clients.size());
  EXPECT_EQ(proxy.lines(0).size(), clients.size()) << "a session began twice";
  for (const DatagramRecord& record : records) EXPECT_EQ(record.client.datagrams, kRounds + 1U) << record.line;
}

}  // namespace
}  // namespace lastbyte::system_test
