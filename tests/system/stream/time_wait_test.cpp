// T13: which side has TIME_WAIT, and which addresses and ports the proxy connects from. T3: never to itself.
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>

#include "net/diag/port_use.h"
#include "net/namespace/enter.h"
#include "tests/harness/scene.h"
#include "wire/network.h"

namespace lastbyte::system_test {
namespace {

/// Returns the form of /proc/net/tcp: the IPv4 address in the machine's byte order, then the port.
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

TEST(TimeWait, T13_the_client_that_closes_first_has_it_and_the_proxy_before_the_server) {
  const Played played = play("send 10; shutdown; expect fin", "expect fin; send 10; close");
  expect_complete(played);
  expect_time_wait(played.client.local, played.client.remote, true);
  expect_time_wait(played.client.remote, played.client.local, false);
  expect_time_wait(played.server.remote, played.server.local, true);
  expect_time_wait(played.server.local, played.server.remote, false);
}

TEST(TimeWait, T13_the_server_that_closes_first_has_it_and_the_proxy_before_the_client) {
  const Played played = play("expect fin; send 10; close", "send 10; shutdown; expect fin");
  expect_complete(played);
  expect_time_wait(played.client.local, played.client.remote, false);
  expect_time_wait(played.client.remote, played.client.local, true);
  expect_time_wait(played.server.remote, played.server.local, false);
  expect_time_wait(played.server.local, played.server.remote, true);
}

TEST(TimeWait, T13_nobody_has_it_after_a_reset) {
  const Played played = play("recv 1; reset", "send 1; expect reset");
  expect_time_wait(played.client.remote, played.client.local, false);
  expect_time_wait(played.server.remote, played.server.local, false);
}

TEST(SourceAddresses, T13_are_taken_in_turn) {
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

TEST(SourceAddresses, T13_all_workers_together_use_all) {
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

constexpr int kPorts = 10;

/// Changes the network namespace of the calling thread.
void set_local_ports(int first, int count) {
  std::ofstream("/proc/sys/net/ipv4/ip_local_port_range") << first << ' ' << first + count - 1;
}

PeerOptions from(std::string_view ip, std::uint16_t port) {
  PeerOptions options;
  options.source = *net::Address::parse(ip, port);
  return options;
}

/// A server with a proxy in front of it, with ten local ports. Create it inside a network namespace of its own.
class FewPorts {
 public:
  explicit FewPorts(const Flags& flags = {}) {
    // The kernel never connects from a port on which a socket listens, whatever the address (net/ipv4/inet_hashtables.c
    // __inet_hash_connect). So the listening ports are outside the ten.
    set_local_ports(50000, 1000);
    server_.emplace(start_server("read; close", {}, std::nullopt));
    proxy_.emplace(server_->address(), flags);
    set_local_ports(40000, kPorts);
  }
  ~FewPorts() {
    clients_.clear();
    proxy_->stop();
    server_->stop();
  }
  FewPorts(const FewPorts&) = delete;
  FewPorts& operator=(const FewPorts&) = delete;

  /// Connects lasting clients to the proxy, from ports outside the range. Returns when the server has them.
  void connect(int count) {
    await([&] {
      for (int each = 0; each < count; ++each)
        clients_.emplace_back(proxy_->address(), script("send 1; await never"), from("127.0.0.9", next_port_++));
    });
  }
  /// Uses up all ports of an address with connections to the server.
  void spend(std::string_view source) {
    await([&] {
      for (int each = 0; each < kPorts; ++each)
        clients_.emplace_back(server_->address(), script("send 1; await never"), from(source, 0));
    });
  }
  Observed one_more(std::string_view text) {
    return Client(proxy_->address(), script(text), from("127.0.0.9", next_port_++)).wait();
  }
  bool told(const std::string& part) {
    return eventually([&] { return proxy_->process().err().find(part) != std::string::npos; });
  }
  [[nodiscard]] std::string destination() const { return server_->address().text(); }
  [[nodiscard]] net::Address upstream() const { return server_->address(); }
  Proxy& proxy() { return *proxy_; }

 private:
  void await(const std::function<void()>& clients_come) {
    const std::size_t before = server_->accepted() - clients_.size();
    clients_come();
    EXPECT_TRUE(eventually([&] { return server_->accepted() == before + clients_.size(); })) << server_->accepted();
  }

  std::optional<Server> server_;
  std::optional<Proxy> proxy_;
  std::vector<Client> clients_;
  std::uint16_t next_port_ = 20000;
};

void in_a_network_of_its_own(const std::function<void()>& test) {
  const auto network = wire::Network::make(wire::Place::own, 1);
  if (!network) GTEST_SKIP() << network.error().text();
  const auto entered = net::run_inside(network->proxy.get(), test);
  EXPECT_TRUE(entered) << entered.error().text();
}

TEST(LocalPorts, T13_the_operator_is_warned_before_they_run_out) {
  in_a_network_of_its_own([] {
    FewPorts scene;
    scene.connect(kPorts - 1);
    EXPECT_TRUE(scene.told("local ports towards " + scene.destination() + " are running out: 9 of 10 in use, 0 of "))
        << scene.proxy().process().err();
  });
}

TEST(LocalPorts, T13_none_left_is_a_cause_of_its_own_and_the_client_is_reset) {
  in_a_network_of_its_own([] {
    FewPorts scene;
    scene.connect(kPorts);
    const Observed late = scene.one_more("expect reset");
    EXPECT_TRUE(late.as_scripted()) << late.text();
    const Record record = scene.proxy().record();
    EXPECT_EQ(record.upstream.end, "unreachable") << record.line;
    EXPECT_EQ(record.upstream.error, "EADDRNOTAVAIL") << record.line;
    EXPECT_NE(record.line.find("no local address and port to connect from"), std::string::npos) << record.line;
  });
}

TEST(LocalPorts, T13_a_source_address_without_any_leaves_sessions_to_the_others) {
  in_a_network_of_its_own([] {
    FewPorts scene({"--upstream-sources", "127.0.0.2,127.0.0.3"});
    scene.spend("127.0.0.2");
    scene.connect(kPorts);
    EXPECT_TRUE(scene.proxy().records_so_far().empty()) << "a session has failed";
  });
}

TEST(LocalPorts, T13_sources_with_ranges_are_used_up_to_their_last_port) {
  in_a_network_of_its_own([] {
    // Reserved for a moment, so that the server and the proxy do not listen on them.
    const std::string reserved = "/proc/sys/net/ipv4/ip_local_reserved_ports";
    std::ofstream(reserved) << "50100-50101,50200-50201";
    FewPorts scene({"--workers", "1", "--upstream-sources", "127.0.0.2:50100-50101,127.0.0.3:50200-50201"});
    std::ofstream(reserved) << "\n";
    set_local_ports(50000, 1000);
    scene.connect(4);
    EXPECT_TRUE(scene.told("local ports towards " + scene.destination() + " are running out: 4 of 4 in use, 0 of "))
        << scene.proxy().process().err();
    const Observed late = scene.one_more("expect reset");
    EXPECT_TRUE(late.as_scripted()) << late.text();
    EXPECT_EQ(scene.proxy().record().upstream.error, "EADDRNOTAVAIL");
  });
}

TEST(LocalPorts, T13_time_wait_is_removed_on_request_when_ports_run_short) {
  in_a_network_of_its_own([] {
    std::ofstream("/proc/sys/net/ipv4/tcp_tw_reuse") << 0;
    FewPorts scene({"--upstream-time-wait", "remove"});
    const auto waiting = [&] { return net::ports_in_use(scene.upstream(), {}).value_or(net::PortUse{}).time_wait; };
    constexpr int kAFew = 4;
    for (int each = 0; each < kAFew; ++each) scene.one_more("send 1; shutdown; expect fin");
    EXPECT_TRUE(eventually([&] { return waiting() == kAFew; })) << "less than half of the ports: " << waiting();
    for (int each = 0; each < kAFew; ++each) scene.one_more("send 1; shutdown; expect fin");
    const bool removed = eventually([&] { return waiting() == 0; });
    const std::string said = scene.proxy().process().err();
    if (said.find("EOPNOTSUPP") != std::string::npos) GTEST_SKIP() << "this kernel has no SOCK_DESTROY";
    EXPECT_TRUE(removed) << waiting() << said;
    EXPECT_TRUE(scene.told("local ports towards " + scene.destination() + " run short: removed "))
        << scene.proxy().process().err();
  });
}

/// If nobody listens on a local port, Linux may connect from that port to itself. If it is the only port, it always
/// does.
class UpstreamDown : public ::testing::Test {
 protected:
  static constexpr std::uint16_t kPort = 40000;

  static Proxy::Options over(const std::string& transport) {
    return {.listen = "tcp:127.0.0.1:1000", .transport = transport};
  }
  static void expect_a_reset(Proxy& proxy, std::uint16_t from_port) {
    Client client(proxy.address(), script("expect reset"), from("127.0.0.9", from_port));
    EXPECT_TRUE(client.wait().as_scripted()) << client.wait().text();
  }
  static void expect_refused(const Record& record) {
    EXPECT_EQ(record.upstream.end, "unreachable") << record.line;
    EXPECT_EQ(record.upstream.error, "ECONNREFUSED") << record.line;
    EXPECT_EQ(record.client.delivered, 0U) << record.line;
  }
  const net::Address nobody_ = *net::Address::parse("127.0.0.1", kPort);
};

TEST_F(UpstreamDown, T3_is_not_the_connecting_socket_itself) {
  in_a_network_of_its_own([&] {
    set_local_ports(kPort, 1);
    Proxy proxy(nobody_, over("tcp:"));
    for (std::uint16_t port = 20000; port < 20003; ++port) expect_a_reset(proxy, port);
    for (const Record& record : proxy.records(3)) expect_refused(record);
    // A new server finds the port free.
    const auto server = peers::Server::start(script("expect fin; close"), {}, 1, nobody_);
    ASSERT_TRUE(server) << server.error().text();
  });
}

TEST_F(UpstreamDown, T3_is_no_udp_socket_that_hears_itself) {
  in_a_network_of_its_own([&] {
    set_local_ports(kPort, 1);
    Proxy proxy(nobody_, over("udp:"));
    expect_a_reset(proxy, 20000);
    expect_refused(proxy.record());
    const Descriptor server(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::bind(server.get(), nobody_.data(), nobody_.size()), 0) << "its port is free";
  });
}

}  // namespace
}  // namespace lastbyte::system_test
