#include "proxy/listen/listeners.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cerrno>

#include "net/datagram/socket.h"
#include "net/socket/calls.h"
#include "net/tcp/listen.h"
#include "tests/harness/own_network.h"
#include "tests/proxy/listen/passed.h"

namespace lastbyte::proxy {
namespace {

relay::Forwarding forwarding(const std::string& name, const std::string& host, std::uint16_t port) {
  relay::Forwarding one;
  one.name = name;
  one.listen = net::Endpoint::tcp(host, port);
  one.connect = net::Endpoint::tcp("127.0.0.1", 9);
  return one;
}

/// Returns the first trouble instead of all.
template <typename T>
Result<T> one_error(Tried<T> tried) {
  if (!tried) return Failure(tried.error().front().error);
  return std::move(*tried);
}

Result<std::vector<Bound>> bind(const std::vector<relay::Forwarding>& forwardings, unsigned workers,
                                std::vector<PassedSocket> passed = {}) {
  Insides insides;
  auto bound = one_error(bind_all(resolve_all(forwardings, insides), passed, workers));
  if (!bound) return Failure(bound.error());
  return std::move(bound->ports);
}

PassedSocket passed_on(const std::string& name, const char* ip) {
  auto sockets = net::listen_tcp(*net::Address::parse(ip, 0), {}, 1);
  const net::Address address = net::local_address(sockets->front().get());
  return {std::make_shared<const Descriptor>(std::move(sockets->front())), name, address, false};
}

TEST(Listeners, every_worker_gets_a_socket_of_its_own_on_the_same_port) {
  auto bound = bind({forwarding("a", "127.0.0.1", 0)}, 3);
  ASSERT_TRUE(bound) << bound.error().text();
  ASSERT_EQ(bound->front().places.size(), 1U);
  ASSERT_EQ(bound->front().places.front().per_worker.size(), 3U);
  const auto port = bound->front().addresses().front().port();
  EXPECT_NE(port, 0);
  for (unsigned worker = 0; worker < 3; ++worker) {
    const auto listenings = listenings_for(*bound, worker);
    ASSERT_EQ(listenings.size(), 1U);
    ASSERT_EQ(listenings[0].sockets.size(), 1U);
    EXPECT_EQ(net::local_address(listenings[0].sockets[0]->get()).port(), port);
    ASSERT_EQ(listenings[0].upstream_addresses.size(), 1U);
    EXPECT_EQ(listenings[0].upstream_addresses[0].text(), "127.0.0.1:9");
  }
}

TEST(Listeners, an_empty_host_is_one_port_on_all_addresses) {
  const auto bound = bind({forwarding("a", "", 0)}, 1);
  ASSERT_TRUE(bound) << bound.error().text();
  const auto addresses = bound->front().addresses();
  ASSERT_GE(addresses.size(), 1U);
  for (const net::Address& address : addresses) {
    EXPECT_TRUE(address.is_wildcard());
    EXPECT_EQ(address.port(), addresses.front().port());
  }
}

TEST(Listeners, a_port_in_use_is_an_error_that_names_the_forwarding_and_the_address) {
  const auto first = bind({forwarding("a", "127.0.0.1", 0)}, 1);
  ASSERT_TRUE(first);
  const auto port = first->front().addresses().front().port();
  const auto second = bind({forwarding("b", "127.0.0.1", port)}, 1);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, EADDRINUSE);
  EXPECT_NE(second.error().text().find("forwarding 'b'"), std::string::npos) << second.error().text();
  EXPECT_NE(second.error().text().find("127.0.0.1:" + std::to_string(port)), std::string::npos)
      << second.error().text();
}

TEST(Listeners, a_name_that_is_not_known_is_an_error_that_names_the_forwarding) {
  auto one = forwarding("a", "127.0.0.1", 0);
  one.listen.host = "no-such-host.invalid";
  Insides insides;
  const auto resolution = resolve_all({one}, insides);
  ASSERT_EQ(resolution.troubles.size(), 1U);
  const std::string text = resolution.troubles.front().error.text();
  EXPECT_NE(text.find("forwarding 'a'"), std::string::npos) << text;
  EXPECT_NE(text.find("no-such-host.invalid"), std::string::npos) << text;
  EXPECT_EQ(resolution.troubles.front().key, "listen");
}

/// Resolves a forwarding with these endpoints. Returns "127.0.0.1:7000 -> 127.0.0.1:9" for each port.
std::vector<std::string> ways(const std::string& listen, const std::string& connect) {
  relay::Forwarding one;
  one.listen = *net::parse_endpoint(listen, net::EndpointUse::listen);
  one.connect = *net::parse_endpoint(connect, net::EndpointUse::connect);
  Insides insides;
  const auto resolution = resolve_all({one}, insides);
  EXPECT_TRUE(resolution.troubles.empty());
  std::vector<std::string> out;
  for (const Resolved& each : resolution.ports)
    out.push_back(each.listen.front().text() + " -> " + each.upstream.front().text());
  return out;
}

TEST(Listeners, each_port_has_the_upstream_of_its_place_or_the_only_one) {
  using Texts = std::vector<std::string>;
  EXPECT_EQ(ways("tcp:127.0.0.1:7000,80", "tcp:127.0.0.2:9,8"),
            (Texts{"127.0.0.1:7000 -> 127.0.0.2:9", "127.0.0.1:80 -> 127.0.0.2:8"}));
  EXPECT_EQ(ways("udp:127.0.0.1:1-2", "udp:127.0.0.2:9"),
            (Texts{"127.0.0.1:1 -> 127.0.0.2:9", "127.0.0.1:2 -> 127.0.0.2:9"}));
  EXPECT_EQ(ways("tcp:127.0.0.1:1-2", "unix:@x"), (Texts{"127.0.0.1:1 -> unix:@x", "127.0.0.1:2 -> unix:@x"}));
  EXPECT_EQ(ways("tcp:127.0.0.1:1-1000", "tcp:127.0.0.2:1001-2000").back(), "127.0.0.1:1000 -> 127.0.0.2:2000");
}

TEST(Listeners, a_passed_socket_is_shared_by_all_workers_instead_of_a_new_one) {
  PassedSocket socket = passed_on("x.socket", "127.0.0.1");
  const net::Address address = socket.address;
  auto bound = bind({forwarding("a", "127.0.0.1", address.port())}, 2, only(std::move(socket)));
  ASSERT_TRUE(bound) << bound.error().text();
  EXPECT_EQ(bound->front().addresses(), std::vector<net::Address>{address});
  for (unsigned worker = 0; worker < 2; ++worker) {
    const auto listenings = listenings_for(*bound, worker);
    ASSERT_EQ(listenings[0].sockets.size(), 1U);
    EXPECT_EQ(net::local_address(listenings[0].sockets[0]->get()), address);
  }
}

TEST(Listeners, a_passed_socket_of_the_forwardings_name_is_all_it_listens_on) {
  PassedSocket socket = passed_on("a", "127.0.0.1");
  const net::Address address = socket.address;
  const auto bound = bind({forwarding("a", "127.0.0.1", 1)}, 1, only(std::move(socket)));
  ASSERT_TRUE(bound) << bound.error().text();
  EXPECT_EQ(bound->front().addresses(), std::vector<net::Address>{address});
}

TEST(Listeners, addresses_that_no_passed_socket_covers_are_bound_beside_it) {
  PassedSocket socket = passed_on("x.socket", "127.0.0.1");
  const net::Address address = socket.address;
  const auto bound =
      bind({forwarding("a", "127.0.0.1", address.port()), forwarding("b", "127.0.0.1", 0)}, 1, only(std::move(socket)));
  ASSERT_TRUE(bound) << bound.error().text();
  EXPECT_EQ((*bound)[0].addresses().front(), address);
  EXPECT_NE((*bound)[1].addresses().front(), address);
}

// Datagrams in the service manager's socket wait for its next owner. Datagrams in the daemon's own socket must be
// served at a stop, in every worker.
TEST(Listeners, T15_of_a_passed_udp_socket_only_the_worker_that_has_it_says_so) {
  auto sockets = net::listen_udp(*net::Address::parse("0.0.0.0", 0), {}, 1);
  ASSERT_TRUE(sockets) << sockets.error().text();
  const net::Address address = net::local_address(sockets->front().get());
  auto one = forwarding("a", "", address.port());
  one.listen.transport = one.connect.transport = net::Transport::udp;
  auto bound = bind({one}, 2,
                    only({std::make_shared<const Descriptor>(std::move(sockets->front())), "x.socket", address, false,
                          net::Transport::udp}));
  ASSERT_TRUE(bound) << bound.error().text();
  const auto first = listenings_for(*bound, 0);
  const auto second = listenings_for(*bound, 1);
  EXPECT_EQ(first[0].borrowed, 1U);
  EXPECT_EQ(second[0].borrowed, 0U);
  EXPECT_EQ(first[0].sockets.size(), second[0].sockets.size() + 1);
}

// A socket unit knows nothing of the forwarding's keepalive. Without keepalive, a vanished client would stay for ever
// (T8).
TEST(Listeners, a_passed_socket_gets_the_forwardings_options) {
  PassedSocket socket = passed_on("a", "127.0.0.1");
  const int off = 0;
  ASSERT_EQ(::setsockopt(socket.socket->get(), SOL_SOCKET, SO_KEEPALIVE, &off, sizeof off), 0);
  const auto bound = bind({forwarding("a", "127.0.0.1", 1)}, 1, only(std::move(socket)));
  ASSERT_TRUE(bound) << bound.error().text();
  int keepalive = 0;
  socklen_t length = sizeof keepalive;
  const int fd = bound->front().places[0].per_worker[0]->get();
  ASSERT_EQ(::getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &keepalive, &length), 0);
  EXPECT_EQ(keepalive, 1);
}

// Every namespace may have the same address.
TEST(Listeners, a_passed_socket_for_another_namespace_goes_by_its_name_only) {
  const net::test::OwnNetwork network;
  if (!network) GTEST_SKIP() << "no right to make a network namespace";
  for (const bool named : {false, true}) {
    PassedSocket socket = passed_on(named ? "a" : "x.socket", "127.0.0.1");
    const net::Address address = socket.address;
    auto inside = forwarding("a", "127.0.0.1", address.port());
    inside.client.netns = {net::NamespaceName::Kind::path, network.path(), 0};
    const auto bound = bind({inside}, 1, only(std::move(socket)));
    EXPECT_EQ(bound.has_value(), named);
    if (!bound) {
      EXPECT_NE(bound.error().text().find("belongs to no forwarding"), std::string::npos);
    }
  }
}

TEST(Listeners, an_error_with_a_namespace_names_the_forwarding) {
  auto one = forwarding("a", "127.0.0.1", 0);
  one.upstream.netns = {net::NamespaceName::Kind::name, "no-such-name", 0};
  const auto bound = bind({one}, 1);
  ASSERT_FALSE(bound);
  EXPECT_EQ(bound.error().operation, "forwarding 'a': open the network namespace no-such-name");
}

}  // namespace
}  // namespace lastbyte::proxy
