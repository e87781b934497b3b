// The upstream sees the client's own address (upstream.transparent), and its answers come back: client, proxy and
// server are in network namespaces of their own, connected by veth pairs.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>
#include <thread>

#include "net/namespace/enter.h"
#include "net/socket/calls.h"
#include "tests/harness/datagrams.h"
#include "tests/harness/greeting.h"

namespace lastbyte::system_test {
namespace {

/// Returns whether `ip` succeeded.
bool ip(const std::string& arguments) {
  Command command{.arguments = {"ip"}};
  std::istringstream words(arguments);
  for (std::string word; words >> word;) command.arguments.push_back(word);
  Process process(command);
  return process.wait() == 0;
}

/// The client has 10.77.1.2 and fd77:1::2, the server 10.77.2.2 and fd77:2::2. The proxy between them has 10.77.1.1 and
/// 10.77.2.1. The server's route to the client leads through the proxy.
class Transparent : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!make()) GTEST_SKIP() << "network namespaces with veth pairs cannot be made here";
    ASSERT_TRUE(lead());
  }
  ~Transparent() override {
    for (const char* each : {"c", "p", "s"}) ip("netns del " + space(each));
  }

  [[nodiscard]] static std::string space(const std::string& which) {
    return "lastbyte-" + std::to_string(::getpid()) + "-" + which;
  }
  /// Sets a device of one namespace up, with both addresses.
  static bool address(const std::string& which, const std::string& device, const std::string& v4,
                      const std::string& v6) {
    const std::string in = "-n " + space(which) + " ";
    return ip(in + "addr add " + v4 + "/24 dev " + device) &&
           ip(in + "addr add " + v6 + "/64 dev " + device + " nodad") && ip(in + "link set " + device + " up") &&
           ip(in + "link set lo up");
  }
  static bool in(const std::string& which, const std::string& arguments) {
    return ip("-n " + space(which) + " " + arguments);
  }
  static bool make() {
    for (const char* each : {"c", "p", "s"})
      if (!ip("netns add " + space(each))) return false;
    return in("p", "link add toclient type veth peer name toproxy netns " + space("c")) &&
           in("p", "link add toserver type veth peer name toproxy netns " + space("s"));
  }
  /// Sets addresses and routes.
  static bool lead() {
    return address("c", "toproxy", "10.77.1.2", "fd77:1::2") && address("s", "toproxy", "10.77.2.2", "fd77:2::2") &&
           address("p", "toclient", "10.77.1.1", "fd77:1::1") && address("p", "toserver", "10.77.2.1", "fd77:2::1") &&
           in("s", "route add default via 10.77.2.1") && in("s", "-6 route add default via fd77:2::1") &&
           // As in docs/operations.md: packets from the servers' side go to sockets of this machine.
           in("p", "rule add iif toserver lookup 100") && in("p", "-6 rule add iif toserver lookup 100") &&
           in("p", "route add local default dev lo table 100") &&
           in("p", "-6 route add local default dev lo table 100");
  }

  /// Runs `what` on a thread in one of the namespaces. What it starts and opens stays there.
  static void in(const std::string& which, const std::function<void()>& what) {
    const Descriptor network(::open(("/run/netns/" + space(which)).c_str(), O_RDONLY | O_CLOEXEC));
    ASSERT_TRUE(network);
    const auto entered = net::run_inside(network.get(), what);
    ASSERT_TRUE(entered) << entered.error().text();
  }

  /// Has a session of that family with these flags. The server must see the client as `ip`.
  static void expect_seen(bool v6, const Flags& flags, const std::string& ip, const std::string& said = "") {
    // A child ends with the thread that started it, so the proxy's thread does everything.
    in("p", [&] { see(v6, flags, ip, said); });
  }
  static void see(bool v6, const Flags& flags, const std::string& ip, const std::string& said) {
    Descriptor listening;
    in("s", [&] { listening = net::test::listener(v6 ? "fd77:2::2" : "10.77.2.2"); });
    Proxy proxy(net::local_address(listening.get()),
                Proxy::Options{.flags = flags, .listen = v6 ? "tcp:[fd77:1::1]:0" : "tcp:10.77.1.1:0"});
    Descriptor client;
    in("c", [&] { client = net::test::connect_to(proxy.address()); });
    ASSERT_TRUE(net::test::send_all(client, said + "data"));
    send_fin(client);
    ASSERT_NE(net::test::wait_for(listening.get(), POLLIN), 0) << proxy.process().err();
    sockaddr_storage from{};
    socklen_t length = sizeof from;
    const Descriptor server(::accept4(listening.get(), reinterpret_cast<sockaddr*>(&from), &length, SOCK_CLOEXEC));
    const net::Address seen = net::Address::from_kernel(reinterpret_cast<sockaddr*>(&from), length);
    EXPECT_EQ(seen.ip_text(), ip);
    const bool keeps_port = std::ranges::find(flags, "ip-and-port") != flags.end();
    if (keeps_port) {
      EXPECT_EQ(seen.port(), said.empty() ? net::local_address(client.get()).port() : 4711);
    }
    EXPECT_EQ(all_of(server), "data");
    const std::string answer(300'000, 'a');
    // More than a send buffer: the acknowledgements must come back, too.
    std::thread sender([&] {
      std::size_t sent = 0;
      while (sent < answer.size()) {
        const ssize_t put = ::send(server.get(), answer.data() + sent, answer.size() - sent, MSG_NOSIGNAL);
        if (put <= 0) break;
        sent += static_cast<std::size_t>(put);
      }
      ::shutdown(server.get(), SHUT_WR);
    });
    EXPECT_TRUE(all_of(client) == answer);
    sender.join();
    EXPECT_TRUE(proxy.record().complete) << proxy.record().line;
  }
};

TEST_F(Transparent, the_upstream_sees_the_clients_address) {
  expect_seen(false, {"--upstream-transparent", "ip"}, "10.77.1.2");
}

TEST_F(Transparent, the_upstream_sees_the_clients_ipv6_address) {
  expect_seen(true, {"--upstream-transparent", "ip"}, "fd77:1::2");
}

TEST_F(Transparent, the_upstream_sees_the_clients_port_too) {
  expect_seen(false, {"--upstream-transparent", "ip-and-port"}, "10.77.1.2");
}

TEST_F(Transparent, the_upstream_sees_the_clients_ipv6_port_too) {
  expect_seen(true, {"--upstream-transparent", "ip-and-port"}, "fd77:1::2");
}

TEST_F(Transparent, works_without_root) {
  expect_seen(false, {"--upstream-transparent", "ip", "--user", "nobody"}, "10.77.1.2");
}

TEST_F(Transparent, the_upstream_sees_whom_a_header_tells) {
  const std::string said = header_bytes(net::proxy_protocol::Version::v2, "192.0.2.7", 4711, "192.0.2.1", 443);
  expect_seen(false, {"--upstream-transparent", "ip-and-port", "--client-proxy-protocol", "required"}, "192.0.2.7",
              said);
}

TEST_F(Transparent, an_upstream_of_another_family_names_the_reason) {
  in("p", [&] {
    const Descriptor listening = net::test::listener("127.0.0.1");
    Proxy proxy(net::local_address(listening.get()),
                Proxy::Options{.flags = {"--upstream-transparent", "ip"}, .listen = "tcp:[::1]:0"});
    const Descriptor client = knock(proxy.address());
    EXPECT_EQ(all_of(client), "RESET");
    const Record record = proxy.record();
    EXPECT_EQ(record.upstream.end, "unreachable") << record.line;
    EXPECT_EQ(record.upstream.error, "EAFNOSUPPORT") << record.line;
    EXPECT_EQ(record.upstream.address, "") << record.line;
  });
}

TEST_F(Transparent, the_upstream_of_datagrams_sees_the_clients_address_too) {
  in("p", [] {
    for (const char* how : {"ip", "ip-and-port"}) {
      std::optional<UdpSocket> server;
      std::optional<UdpSocket> client;
      in("s", [&] { server.emplace(*net::Address::parse("10.77.2.2", 0)); });
      in("c", [&] { client.emplace(*net::Address::parse("10.77.1.2", 0)); });
      Proxy proxy(server->address(),
                  Proxy::Options{.flags = {"--upstream-transparent", how, "--limits-datagram-idle", "300ms"},
                                 .listen = "udp:10.77.1.1:0",
                                 .transport = "udp:"});
      client->send(proxy.address(), "question");
      const auto question = server->receive();
      ASSERT_TRUE(question) << proxy.process().err();
      EXPECT_EQ(question->bytes, "question");
      EXPECT_EQ(question->from.ip_text(), "10.77.1.2");
      EXPECT_EQ(question->from.port() == client->address().port(), how == std::string("ip-and-port"));
      server->send(question->from, "answer");
      const auto answer = client->receive();
      ASSERT_TRUE(answer) << proxy.process().err();
      EXPECT_EQ(answer->bytes, "answer");
      EXPECT_EQ(answer->from, proxy.address());
      EXPECT_EQ(datagram_records(proxy, 1).front().end, "idle");
    }
  });
}

/// Client and proxy are in the client's network. The proxy's former network is a router with a narrow link to the
/// server.
class NarrowWay : public Transparent {
 protected:
  void SetUp() override {
    Transparent::SetUp();
    if (IsSkipped()) return;
    ASSERT_TRUE(in("c", "route add default via 10.77.1.1") && in("p", "link set toserver mtu 1000"));
    for (const char* family : {"", "-6 "}) in("p", std::string(family) + "rule del iif toserver lookup 100");
    in("p", [] {
      const Descriptor forward(::open("/proc/sys/net/ipv4/ip_forward", O_WRONLY | O_CLOEXEC));
      ASSERT_EQ(::write(forward.get(), "1", 1), 1);
    });
  }
};

TEST_F(NarrowWay, that_the_way_takes_smaller_packets_ends_no_session_of_a_stream_with_a_udp_upstream) {
  in("c", [] {
    std::optional<UdpSocket> server;
    in("s", [&] { server.emplace(*net::Address::parse("10.77.2.2", 0)); });
    Proxy proxy(server->address(), Proxy::Options{.flags = {"--limits-datagram-idle", "300ms"}, .transport = "udp:"});
    const Descriptor client = net::test::connect_to(proxy.address());
    // The router answers the first datagram with "fragmentation needed" (RFC 1191). Later ones are cut to fit.
    const std::string large(1400, 'x');
    ASSERT_TRUE(net::test::send_all(client, large));
    EXPECT_FALSE(server->receive(milliseconds(300)));
    ASSERT_TRUE(net::test::send_all(client, large));
    const auto second = server->receive();
    ASSERT_TRUE(second) << proxy.process().err();
    EXPECT_EQ(second->bytes, large);
    server->send(second->from, "answer");
    EXPECT_EQ(next_of(client, 6), "answer");
    send_fin(client);
    EXPECT_EQ(all_of(client), "");
    EXPECT_TRUE(proxy.record().complete) << proxy.record().line;
  });
}

TEST_F(NarrowWay, that_the_way_takes_smaller_packets_ends_no_session_of_datagrams) {
  in("c", [] {
    std::optional<UdpSocket> server;
    in("s", [&] { server.emplace(*net::Address::parse("10.77.2.2", 0)); });
    Proxy proxy(
        server->address(),
        Proxy::Options{.flags = {"--limits-datagram-idle", "300ms"}, .listen = "udp:127.0.0.1:0", .transport = "udp:"});
    const UdpSocket client;
    const std::string large(1400, 'x');
    client.send(proxy.address(), large);
    EXPECT_FALSE(server->receive(milliseconds(300)));
    client.send(proxy.address(), large);
    const auto second = server->receive();
    ASSERT_TRUE(second) << proxy.process().err();
    EXPECT_EQ(second->bytes, large);
    server->send(second->from, "answer");
    EXPECT_TRUE(client.receive());
    const DatagramRecord record = datagram_records(proxy, 1).front();
    EXPECT_EQ(record.end, "idle") << record.line;
  });
}

TEST(TransparentStart, is_refused_without_the_privilege) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give its privileges up";
  const std::string binary = LASTBYTE_BINARY;
  Process process({.arguments = {"setpriv",
                                 "--bounding-set",
                                 "-all",
                                 "--inh-caps",
                                 "-all",
                                 "--reuid",
                                 "65534",
                                 "--regid",
                                 "65534",
                                 "--clear-groups",
                                 binary,
                                 "proxy",
                                 "--listen",
                                 "tcp:127.0.0.1:0",
                                 "--connect",
                                 "tcp:127.0.0.1:9",
                                 "--upstream-transparent",
                                 "ip",
                                 "--log-target",
                                 "off"}});
  EXPECT_EQ(process.wait(), 1) << process.err();
  EXPECT_NE(process.err().find(
                "set IP_TRANSPARENT for tcp:127.0.0.1:9: Operation not permitted (EPERM): it needs CAP_NET_RAW"),
            std::string::npos)
      << process.err();
}

TEST(Sources, are_taken_by_the_family_of_the_upstreams_address) {
  // localhost is ::1 and 127.0.0.1 on most machines. The server listens only on the latter.
  const Descriptor upstream = net::test::listener();
  const net::Address address = net::local_address(upstream.get());
  Proxy::Options options;
  options.config =
      "forwardings:\n  - listen: tcp:127.0.0.1:0\n    connect: tcp:localhost:" + std::to_string(address.port()) +
      "\n    upstream:\n      sources: [\"::1\", 127.0.0.2]\n";
  Proxy proxy(address, options);
  for (int session = 0; session < 4; ++session) {
    const Descriptor client = net::test::connect_to(proxy.address());
    ASSERT_NE(net::test::wait_for(upstream.get(), POLLIN), 0);
    sockaddr_storage from{};
    socklen_t length = sizeof from;
    const Descriptor server(::accept4(upstream.get(), reinterpret_cast<sockaddr*>(&from), &length, SOCK_CLOEXEC));
    EXPECT_EQ(net::Address::from_kernel(reinterpret_cast<sockaddr*>(&from), length).ip_text(), "127.0.0.2");
  }
}

}  // namespace
}  // namespace lastbyte::system_test
