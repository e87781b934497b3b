#include "proxy/leaving.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "net/datagram/socket.h"
#include "net/socket/calls.h"
#include "net/tcp/listen.h"

namespace lastbyte::proxy {
namespace {

constexpr TimePoint kNow{};

Bound port(net::Transport transport) {
  const bool datagrams = transport == net::Transport::udp;
  const auto any = *net::Address::parse("127.0.0.1", 0);
  auto sockets = datagrams ? net::listen_udp(any, {}, 1) : net::listen_tcp(any, {}, 1);
  Place place{{"a", 0, transport, any, {}}, net::local_address(sockets->front().get()), {}};
  place.per_worker.push_back(std::make_shared<const Descriptor>(std::move(sockets->front())));
  Bound bound;
  bound.forwarding = std::make_shared<const relay::Forwarding>();
  bound.places.push_back(std::move(place));
  return bound;
}

const Descriptor& socket_of(const Bound& bound) { return *bound.places.front().per_worker.front(); }

bool has_filter(const Descriptor& socket) {
  socklen_t instructions = 0;
  return ::getsockopt(socket.get(), SOL_SOCKET, SO_GET_FILTER, nullptr, &instructions) == 0 && instructions != 0;
}

TEST(Leaving, T15_a_tcp_port_is_served_until_its_handshakes_are_over) {
  Leaving leaving;
  std::vector<Bound> before{port(net::Transport::tcp)};
  EXPECT_TRUE(leaving.leave(before, {}, kNow).empty());
  EXPECT_TRUE(has_filter(socket_of(before[0])));
  EXPECT_EQ(leaving.next_release(), kNow + Leaving::kHandshakes);
  EXPECT_EQ(leaving.served_with({}).size(), 1U);
  EXPECT_FALSE(leaving.release(kNow + Leaving::kHandshakes - Duration(1)));
  EXPECT_TRUE(leaving.release(kNow + Leaving::kHandshakes));
  EXPECT_EQ(leaving.next_release(), std::nullopt);
  EXPECT_TRUE(leaving.served_with({}).empty());
}

TEST(Leaving, descriptors_count_until_the_workers_have_closed_them) {
  Leaving leaving;
  std::vector<Bound> before{port(net::Transport::tcp), port(net::Transport::udp)};
  leaving.leave(before, {}, kNow);
  EXPECT_EQ(leaving.descriptors(), 2U);
  leaving.release(kNow + Leaving::kHandshakes);
  EXPECT_EQ(leaving.descriptors(), 2U);
  EXPECT_FALSE(leaving.forget_closed());
  before.clear();
  EXPECT_EQ(leaving.descriptors(), 0U);
  EXPECT_TRUE(leaving.forget_closed());
  EXPECT_FALSE(leaving.forget_closed());
}

TEST(Leaving, a_udp_port_waits_for_no_handshake) {
  Leaving leaving;
  const std::vector<Bound> before{port(net::Transport::udp)};
  leaving.leave(before, {}, kNow);
  EXPECT_EQ(leaving.next_release(), std::nullopt);
  EXPECT_TRUE(leaving.served_with({}).empty());
}

TEST(Leaving, a_port_that_goes_on_is_not_left) {
  Leaving leaving;
  const std::vector<Bound> before{port(net::Transport::tcp)};
  leaving.leave(before, before, kNow);
  EXPECT_EQ(leaving.next_release(), std::nullopt);
  EXPECT_FALSE(has_filter(socket_of(before[0])));
}

TEST(Leaving, T15_a_port_that_is_taken_back_lets_newcomers_in_again) {
  Leaving leaving;
  std::vector<Bound> before{port(net::Transport::tcp)};
  before[0].places[0].as.options.defer_accept = std::chrono::seconds(3);
  leaving.leave(before, {}, kNow);
  leaving.take_back(before);
  EXPECT_FALSE(has_filter(socket_of(before[0])));
  int deferred = 0;
  socklen_t length = sizeof deferred;
  ASSERT_EQ(::getsockopt(socket_of(before[0]).get(), IPPROTO_TCP, TCP_DEFER_ACCEPT, &deferred, &length), 0);
  EXPECT_NE(deferred, 0) << "turning newcomers away had taken it from the socket";
  EXPECT_EQ(leaving.next_release(), std::nullopt);
  EXPECT_EQ(leaving.descriptors(), 0U);
}

TEST(Leaving, a_place_can_be_taken_back_while_handshakes_are_waited_for_and_not_later) {
  Leaving leaving;
  const std::vector<Bound> before{port(net::Transport::tcp)};
  leaving.leave(before, {}, kNow);
  Standing waiting;
  leaving.add_to(waiting);
  EXPECT_EQ(waiting.places.size(), 1U);
  EXPECT_TRUE(waiting.fading.empty());
  leaving.release(kNow + Leaving::kHandshakes);
  Standing fading;
  leaving.add_to(fading);
  EXPECT_TRUE(fading.places.empty());
  ASSERT_EQ(fading.fading.size(), 1U);
  EXPECT_EQ(fading.fading[0].address, before[0].places[0].address) << "its port is still in the way";
}

}  // namespace
}  // namespace lastbyte::proxy
