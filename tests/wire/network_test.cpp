// Networks that are made for a scenario, and links that lose packets. The tests are skipped if namespaces or TUN
// devices are not available.
#include "wire/network.h"

#include <gtest/gtest.h>

#include "net/namespace/enter.h"
#include "peers/peer.h"
#include "tests/harness/script.h"

namespace lastbyte::wire {
namespace {

using peers::Client;
using peers::Observed;
using peers::script;
using peers::Server;

/// For tests that need root's privileges, which not every machine grants.
class InNetworks : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto made = Network::make(Place::far_away, 1);
    if (!made) GTEST_SKIP() << made.error().text();
  }

  static Network network(Place place) {
    auto made = Network::make(place, 7);
    EXPECT_TRUE(made) << made.error().text();
    return made ? std::move(*made) : Network{};
  }
};

/// Transfers data from server to client. Returns what the client observed.
Observed transfer(Network& network, std::string_view client_text, std::string_view server_text) {
  std::optional<Server> server;
  EXPECT_TRUE(net::run_inside(network.server.get(), [&] {
    auto started = Server::start(script(server_text), {}, 1, network.server_host);
    EXPECT_TRUE(started);
    if (started) server = std::move(*started);
  }));
  Observed seen;
  EXPECT_TRUE(net::run_inside(network.client.get(), [&] {
    Client client(server->address(), script(client_text));
    seen = client.wait();
  }));
  return seen;
}

TEST_F(InNetworks, own_is_apart_from_ours) {
  Network network = InNetworks::network(Place::own);
  std::optional<Server> server;
  ASSERT_TRUE(net::run_inside(network.server.get(), [&] {
    auto started = Server::start(script("close"), {}, 1, network.server_host);
    if (started) server = std::move(*started);
  }));
  ASSERT_TRUE(server);
  Client outside(server->address(), script("expect fin"));
  EXPECT_FALSE(outside.wait().connected);
  Observed inside;
  ASSERT_TRUE(net::run_inside(network.client.get(), [&] {
    Client client(server->address(), script("expect fin"));
    inside = client.wait();
  }));
  EXPECT_TRUE(inside.as_scripted()) << inside.text();
}

TEST(CabledNetwork, a_client_reaches_the_server_over_the_cables_of_the_proxys_host) {
  auto network = Network::make_cabled();
  if (!network) GTEST_SKIP() << network.error().text();
  const Observed client = transfer(*network, "send 1; expect fin", "recv 1; send 1M; close");
  EXPECT_TRUE(client.as_scripted()) << client.text();
  EXPECT_EQ(client.received, 1U << 20);
  EXPECT_TRUE(network->links.empty());
}

TEST_F(InNetworks, a_link_delays_loses_and_reorders_and_tcp_gets_everything_across) {
  Network network = InNetworks::network(Place::far_away);
  const Observed client = transfer(network, "send 1; expect fin", "recv 1; send 1M; close");
  EXPECT_TRUE(client.as_scripted()) << client.text();
  EXPECT_EQ(client.received, 1U << 20);
  // Two links with 10 ms in each direction: the handshake alone takes 40 ms.
  EXPECT_GE(client.connected_at, std::chrono::milliseconds(40));
  for (const LossyLink& link : network.links) {
    EXPECT_GT(link.counts().carried, 500U);
    EXPECT_GT(link.counts().lost, 0U);
    EXPECT_GT(link.counts().held_back, 0U);
  }
}

TEST_F(InNetworks, a_link_vanishes_with_the_network) {
  for (int i = 0; i < 3; ++i) {
    const Network network = InNetworks::network(Place::far_away);
    EXPECT_EQ(network.links.size(), 2U);
  }
}

}  // namespace
}  // namespace lastbyte::wire
