// UDP to UDP: whole datagrams, to and from the right address, separately for each client.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <thread>

#include "net/namespace/enter.h"
#include "tests/harness/container.h"
#include "tests/harness/datagrams.h"
#include "tests/harness/scene.h"

namespace lastbyte::system_test {
namespace {

net::Address at(const char* ip, std::uint16_t port = 0) { return *net::Address::parse(ip, port); }

net::Address with_port(const char* ip, const net::Address& of) { return at(ip, of.port()); }

std::string bytes_of(std::size_t size, unsigned seed = 1) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 31 + i / 251 + seed);
  return bytes;
}

class DatagramSizes : public ::testing::TestWithParam<const char*> {};

// LXD: "UDP over 32,768 B truncated, zero-length dropped".
TEST_P(DatagramSizes, from_0_to_65507_arrive_whole_both_ways) {
  const std::vector<std::size_t> sizes{0, 1, 2, 63, 576, 1472, 1473, 9000, 32'767, 32'768, 32'769, 65'506, 65'507};
  const UdpServer server({}, at(GetParam()));
  Proxy proxy(server.address(), udp_options({udp_forwarding(at(GetParam()), server.address())}));
  const UdpSocket client(at(GetParam()));
  std::uint64_t all = 0;
  for (const std::size_t size : sizes) {
    client.send(proxy.address(), bytes_of(size));
    const auto answer = client.receive();
    ASSERT_TRUE(answer) << size;
    EXPECT_EQ(answer->bytes, bytes_of(size)) << size;
    EXPECT_EQ(answer->from, proxy.address()) << answer->from.text();
    all += size;
  }
  const DatagramRecord record = datagram_records(proxy, 1).front();
  EXPECT_EQ(record.end, "idle") << record.line;
  EXPECT_EQ(record.client.address, client.address().text());
  EXPECT_EQ(record.upstream.address, server.address().text());
  for (const DatagramSide& side : {record.client, record.upstream}) {
    EXPECT_EQ(side.datagrams, sizes.size()) << record.line;
    EXPECT_EQ(side.bytes, all) << record.line;
    EXPECT_EQ(side.dropped_datagrams, 0U) << record.line;
  }
}

INSTANTIATE_TEST_SUITE_P(Families, DatagramSizes, ::testing::Values("127.0.0.1", "::1"));

TEST(Datagrams, of_mixed_sizes_and_bursts_keep_their_borders_and_their_order) {
  const UdpServer server;
  Proxy proxy(server.address(), udp_options({udp_forwarding(at("127.0.0.1"), server.address())}));
  const UdpSocket client;
  std::vector<std::string> sent;
  const auto send = [&](std::size_t size) {
    sent.push_back(bytes_of(size, static_cast<unsigned>(sent.size())));
    client.send(proxy.address(), sent.back());
  };
  const std::vector<std::size_t> sizes{1200, 1200, 1200, 40, 40, 0, 1200, 0, 0, 9000, 1, 1, 1};
  for (int round = 0; round < 20; ++round)
    for (const std::size_t size : sizes) send(size);
  std::vector<std::string> came;
  while (came.size() < sent.size()) {
    const auto answer = client.receive();
    ASSERT_TRUE(answer) << came.size();
    came.push_back(answer->bytes);
  }
  EXPECT_EQ(came, sent);
}

// One buffer of several datagrams, from the sender (UDP_SEGMENT) or to us (UDP_GRO), stays several datagrams.
TEST(Datagrams, that_come_as_one_are_forwarded_as_many) {
  const UdpServer server;
  Proxy proxy(server.address(), udp_options({udp_forwarding(at("127.0.0.1"), server.address())}));
  const UdpSocket client;
  const std::string many = bytes_of(20 * 1000 + 300);
  client.send(proxy.address(), many, 1000);
  client.send(proxy.address(), bytes_of(700));
  for (std::size_t i = 0; i <= 20; ++i) {
    const auto answer = client.receive();
    ASSERT_TRUE(answer) << i;
    EXPECT_EQ(answer->bytes, many.substr(i * 1000, 1000)) << i;
  }
  const auto last = client.receive();
  ASSERT_TRUE(last);
  EXPECT_EQ(last->bytes, bytes_of(700));
  const DatagramRecord record = datagram_records(proxy, 1).front();
  EXPECT_EQ(record.client.datagrams, 22U) << record.line;
  EXPECT_EQ(record.upstream.datagrams, 22U) << record.line;
}

// LXD: "wildcard UDP replies leave from the wrong source address (needs IP_PKTINFO)".
TEST(Datagrams, answers_leave_from_the_address_that_the_client_wrote_to) {
  const UdpServer server;
  Proxy proxy(server.address(), udp_options({udp_forwarding(at("0.0.0.0"), server.address())}));
  const UdpSocket client;
  for (const char* ip : {"127.0.0.1", "127.0.0.2", "127.1.2.3", "127.0.0.2"}) {
    const net::Address to = with_port(ip, proxy.address());
    client.send(to, ip);
    const auto answer = client.receive();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->bytes, ip);
    EXPECT_EQ(answer->from, to) << answer->from.text();
  }
  EXPECT_EQ(datagram_records(proxy, 3).size(), 3U);
}

/// Runs the body in a network namespace of its own, whose loopback interface has one more address.
void in_a_network_of_its_own(const std::function<void()>& body) {
  if (::geteuid() != 0) GTEST_SKIP() << "a network namespace needs privileges";
  Descriptor network;
  std::thread([&] {
    ASSERT_EQ(::unshare(CLONE_NEWNET), 0);
    network = Descriptor(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  }).join();
  ASSERT_TRUE(network);
  const auto ran = net::run_inside(network.get(), [&] {
    output_of({.arguments = {"ip", "link", "set", "lo", "up"}});
    output_of({.arguments = {"ip", "address", "add", "fd00::2/128", "dev", "lo", "nodad"}});
    body();
  });
  ASSERT_TRUE(ran) << ran.error().text();
}

TEST(Datagrams, answers_leave_from_the_ipv6_address_that_the_client_wrote_to) {
  in_a_network_of_its_own([] {
    const UdpServer server({}, at("::1"));
    Proxy proxy(server.address(), udp_options({udp_forwarding(at("::"), server.address())}));
    const UdpSocket client(at("::1"));
    for (const char* ip : {"::1", "fd00::2", "::1"}) {
      const net::Address to = with_port(ip, proxy.address());
      client.send(to, ip);
      const auto answer = client.receive();
      ASSERT_TRUE(answer) << ip;
      EXPECT_EQ(answer->bytes, ip);
      EXPECT_EQ(answer->from, to) << answer->from.text();
    }
    datagram_records(proxy, 2);
  });
}

// LXD: "UDP sessions keyed by client address only, so two listening ports mix".
TEST(Datagrams, of_one_client_port_to_two_listening_ports_do_not_mix) {
  const UdpServer first([](const std::string& asked) { return "first " + asked; });
  const UdpServer second([](const std::string& asked) { return "second " + asked; });
  Proxy proxy(first.address(), udp_options({udp_forwarding(at("127.0.0.1"), first.address(), {"name: a"}),
                                            udp_forwarding(at("127.0.0.1"), second.address(), {"name: b"})}));
  const UdpSocket client;
  for (int round = 0; round < 10; ++round) {
    client.send(proxy.address(0), "x");
    client.send(proxy.address(1), "y");
    std::map<std::string, net::Address> came;
    for (int i = 0; i < 2; ++i) {
      const auto answer = client.receive();
      ASSERT_TRUE(answer);
      came[answer->bytes] = answer->from;
    }
    EXPECT_EQ(came["first x"], proxy.address(0));
    EXPECT_EQ(came["second y"], proxy.address(1));
  }
  datagram_records(proxy, 2);
}

// LXD: "a UDP listener dies after one ICMP error".
TEST(Datagrams, an_icmp_error_ends_one_session_and_the_listener_goes_on) {
  auto dead = std::make_optional<UdpServer>();
  const net::Address gone = dead->address();
  const UdpServer alive;
  Proxy proxy(gone, udp_options({udp_forwarding(at("127.0.0.1"), gone, {"name: dead", "limits: {datagram-idle: 1h}"}),
                                 udp_forwarding(at("127.0.0.1"), alive.address(), {"name: alive"})},
                                {"--workers", "1"}));
  const UdpSocket client;
  const UdpSocket other;
  EXPECT_EQ(client.ask(proxy.address(0), "before"), "before");
  EXPECT_EQ(other.ask(proxy.address(1), "other"), "other");
  dead.reset();
  client.send(proxy.address(0), "nobody hears this");
  const auto failed = datagram_records(proxy, 1).front();
  EXPECT_EQ(failed.forwarding, "dead");
  EXPECT_EQ(failed.end, "failed") << failed.line;
  EXPECT_EQ(failed.upstream.error, "ECONNREFUSED") << failed.line;
  EXPECT_EQ(failed.upstream.datagrams, 1U) << failed.line;
  EXPECT_EQ(other.ask(proxy.address(1), "still"), "still");
  {
    const UdpServer again({}, gone);
    EXPECT_EQ(client.ask(proxy.address(0), "again"), "again");
  }
  client.send(proxy.address(0), "gone once more");
  datagram_records(proxy, 3);
}

// A tunnel or an address of this machine may vanish for good. The next session may get another route.
TEST(Datagrams, an_upstream_without_a_way_for_a_while_ends_the_session_of_a_client_that_never_pauses) {
  const Container container;
  if (!container.up()) GTEST_SKIP() << "no container can be started here (unshare --net)";
  const std::string address = "10.7.7.1/32 dev lo";
  ASSERT_FALSE(container.shell("ip addr add " + address));
  std::optional<UdpServer> server;
  run_at(&container, [&] { server.emplace(UdpServer::Answer(), *net::Address::parse("10.7.7.1", 0)); });
  Proxy proxy(
      server->address(),
      udp_options({udp_forwarding(at("127.0.0.1"), server->address(),
                                  {"limits: {datagram-idle: 1h}", "upstream: {netns: " + container.name() + "}"})}));
  const UdpSocket client;
  EXPECT_EQ(client.ask(proxy.address(), "before"), "before");
  ASSERT_FALSE(container.shell("ip addr del " + address));
  EXPECT_TRUE(eventually([&] {
    client.send(proxy.address(), "lost");
    return !proxy.lines(0).empty();
  }));
  const DatagramRecord record = datagram_records(proxy, 1).front();
  EXPECT_EQ(record.end, "failed") << record.line;
  EXPECT_TRUE(record.upstream.error == "ENETUNREACH" || record.upstream.error == "EINVAL") << record.line;
  EXPECT_GT(record.client.dropped_datagrams, 1U) << record.line;
  ASSERT_FALSE(container.shell("ip addr add " + address));
  EXPECT_EQ(client.ask(proxy.address(), "after"), "after");
  proxy.process().signal(SIGTERM);
  proxy.expect_end();
}

// One host name may have an address without a listener: ::1 of localhost.
TEST(Datagrams, the_next_upstream_address_is_taken_where_one_refuses) {
  const UdpServer server;
  std::string forwarding = udp_forwarding(at("127.0.0.1"), server.address());
  const std::string wanted = "udp:127.0.0.1:";
  forwarding.replace(forwarding.rfind(wanted), wanted.size(), "udp:localhost:");
  Proxy proxy(server.address(), udp_options({forwarding}, {"--workers", "1"}));
  const UdpSocket client;
  std::string answer;
  EXPECT_TRUE(eventually([&] {
    client.send(proxy.address(), "x");
    const auto came = client.receive(milliseconds(50));
    return came && came->bytes == "x";
  }));
}

TEST(Datagrams, a_silent_session_ends_and_leaves_no_descriptor) {
  const UdpServer server;
  Proxy proxy(server.address(), udp_options({udp_forwarding(at("127.0.0.1"), server.address())}));
  std::vector<UdpSocket> clients(50);
  for (const UdpSocket& client : clients) EXPECT_EQ(client.ask(proxy.address(), "x"), "x");
  for (const DatagramRecord& record : datagram_records(proxy, 50)) EXPECT_EQ(record.end, "idle") << record.line;
  EXPECT_TRUE(eventually([&] { return proxy.process().sockets() == proxy.sockets_at_start(); }));
}

TEST(Datagrams, clients_that_may_not_come_in_get_no_session) {
  const UdpServer server;
  Proxy proxy(server.address(),
              udp_options({udp_forwarding(at("127.0.0.1"), server.address(), {"client: {deny: [127.0.0.2]}"})}));
  const UdpSocket denied(at("127.0.0.2"));
  const UdpSocket granted;
  denied.send(proxy.address(), "let me in");
  EXPECT_EQ(granted.ask(proxy.address(), "x"), "x");
  EXPECT_FALSE(denied.receive(milliseconds(100)));
  EXPECT_EQ(datagram_records(proxy, 1).front().client.address, granted.address().text());
}

TEST(Datagrams, T12_of_5000_clients_are_all_answered) {
  constexpr std::size_t kClients = 5000;
  const UdpServer server;
  Proxy proxy(server.address(),
              udp_options({udp_forwarding(at("127.0.0.1"), server.address(), {"limits: {datagram-idle: 5s}"})}));
  std::vector<UdpSocket> clients(kClients);
  for (int round = 0; round < 2; ++round) {
    for (std::size_t begin = 0; begin < kClients; begin += 100) {
      const auto group = std::span(clients).subspan(begin, 100);
      for (const UdpSocket& client : group) client.send(proxy.address(), client.address().text());
      for (const UdpSocket& client : group) {
        const auto answer = client.receive();
        ASSERT_TRUE(answer);
        ASSERT_EQ(answer->bytes, client.address().text());
      }
    }
  }
  for (const DatagramRecord& record : datagram_records(proxy, kClients)) {
    EXPECT_EQ(record.client.datagrams, 2U) << record.line;
    EXPECT_EQ(record.upstream.datagrams, 2U) << record.line;
  }
}

TEST(Datagrams, T12_a_flood_of_them_does_not_stop_a_session_of_its_worker) {
  PeerOptions options;
  Server calm_server = start_server("recv 20M | send 20M; expect fin", options);
  const UdpServer server;
  Proxy::Options proxy_options = udp_options({udp_forwarding(at("127.0.0.1"), server.address())}, {"--workers", "1"});
  proxy_options.config += "  - listen: tcp:127.0.0.1:0\n    connect: tcp:" + calm_server.address().text() + "\n";
  Proxy proxy(server.address(), proxy_options);
  std::jthread flood([&](const std::stop_token& stop) {
    const UdpSocket client;
    while (!stop.stop_requested()) client.send(proxy.address(0), std::string(48'000, 'x'), 1200);
  });
  Client calm(proxy.address(1), script("send 20M | recv 20M; shutdown; expect fin"), options);
  EXPECT_TRUE(calm.wait().as_scripted()) << calm.wait().text();
  flood.request_stop();
  flood.join();
  calm_server.stop();
}

}  // namespace
}  // namespace lastbyte::system_test
