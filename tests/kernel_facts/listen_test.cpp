// How Linux treats listening sockets that a reload changes or closes: which of several gets a client, what happens to
// pending handshakes, and who sizes the buffers of accepted connections (docs/kernel-facts.md).
#include "net/tcp/listen.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

#include "net/datagram/socket.h"
#include "net/socket/buffers.h"
#include "net/socket/calls.h"
#include "net/socket/newcomers.h"
#include "net/tcp/connect.h"
#include "tests/harness/loopback.h"

namespace lastbyte::net::test {
namespace {

Descriptor listening_at(const Address& at, const ListenOptions& options = {}) {
  ListenOptions shared = options;
  shared.reuse_port = true;
  auto made = listen_tcp(at, shared, 1);
  EXPECT_TRUE(made) << made.error().text();
  return made ? std::move(made->front()) : Descriptor();
}

Address on_all(const Descriptor& listening) {
  return *Address::parse("0.0.0.0", local_address(listening.get()).port());
}

/// Connects, and expects that the first SYN was answered.
Descriptor connect_at_once(const Address& to) {
  Descriptor client = connect_to(to);
  EXPECT_EQ(wait_for(client.get(), POLLOUT), POLLOUT);
  tcp_info info{};
  socklen_t length = sizeof info;
  EXPECT_EQ(::getsockopt(client.get(), IPPROTO_TCP, TCP_INFO, &info, &length), 0);
  EXPECT_EQ(info.tcpi_total_retrans, 0U);
  return client;
}

bool somebody_waits_at(const Descriptor& listening) { return (events_now(listening.get(), POLLIN) & POLLIN) != 0; }

TEST(KernelFact, a_syn_goes_to_an_address_before_the_wildcard_whichever_listened_first) {
  for (const bool narrow_first : {true, false}) {
    Descriptor first = listening_at(*Address::parse(narrow_first ? "127.0.0.1" : "0.0.0.0", 0));
    const Address narrow = *Address::parse("127.0.0.1", local_address(first.get()).port());
    const Descriptor second = listening_at(narrow_first ? on_all(first) : narrow);
    const Descriptor client = connect_at_once(narrow);
    EXPECT_EQ(somebody_waits_at(first), narrow_first);
    EXPECT_EQ(somebody_waits_at(second), !narrow_first);
  }
}

// TCP_DEFER_ACCEPT delays the last step of a handshake: loopback has no other way to keep a handshake pending.
TEST(KernelFact, a_listening_socket_bound_to_no_interface_hears_no_syn_and_ends_its_handshakes) {
  ListenOptions options;
  options.defer_accept = std::chrono::seconds(30);
  const Descriptor narrow = listening_at(*Address::parse("127.0.0.1", 0), options);
  const Address address = local_address(narrow.get());
  const Descriptor under_way = connect_at_once(address);
  const Descriptor wide = listening_at(on_all(narrow));
  ASSERT_EQ(give_way(narrow.get()), 0);
  const Descriptor next = connect_at_once(address);
  EXPECT_TRUE(somebody_waits_at(wide));
  EXPECT_FALSE(somebody_waits_at(narrow));
  ASSERT_TRUE(send_all(under_way, "x"));
  EXPECT_EQ(wait_for(narrow.get(), POLLIN), POLLIN);
  EXPECT_EQ(receive(accept_one(narrow), 1), "1");
}

TEST(KernelFact, a_listening_socket_bound_to_no_interface_is_nobody_for_a_client) {
  const Descriptor alone = listening_at(*Address::parse("127.0.0.1", 0));
  ASSERT_EQ(give_way(alone.get()), 0);
  const auto client = connect_tcp(local_address(alone.get()), {}, {});
  ASSERT_TRUE(client) << client.error().text();
  EXPECT_NE(wait_for(client->socket.get(), POLLOUT) & POLLERR, 0);
  EXPECT_EQ(take_error(client->socket.get()), ECONNREFUSED);
}

/// Whether the receive buffer of an accepted connection grows while it receives and reads much.
bool adapts(const Descriptor& listening) {
  const Descriptor client = connect_at_once(local_address(listening.get()));
  const Descriptor server = accept_one(listening);
  const int before = integer_option(server, SOL_SOCKET, SO_RCVBUF);
  for (int round = 0; round < 100; ++round) {
    fill(client);
    std::string room(1 << 20, ' ');
    while (::recv(server.get(), room.data(), room.size(), MSG_DONTWAIT) > 0) {
    }
    if (integer_option(server, SOL_SOCKET, SO_RCVBUF) != before) return true;
  }
  return false;
}

TEST(KernelFact, a_sized_buffer_of_a_listening_socket_is_not_adapted_until_so_buf_lock_is_taken_back) {
  if (!can_take_buffers_back()) GTEST_SKIP() << "SO_BUF_LOCK came with Linux 5.15";
  ListenOptions sized;
  sized.socket.receive_buffer = 65'536;
  sized.socket.send_buffer = 65'536;
  const Descriptor listening = listening_at(*Address::parse("127.0.0.1", 0), sized);
  EXPECT_FALSE(adapts(listening));
  ASSERT_EQ(take_buffers_back(listening.get(), true, true), 0);
  const Descriptor fresh = listening_at(*Address::parse("127.0.0.1", 0));
  for (const int option : {SO_SNDBUF, SO_RCVBUF, SO_BUF_LOCK})
    EXPECT_EQ(integer_option(listening, SOL_SOCKET, option), integer_option(fresh, SOL_SOCKET, option)) << option;
  EXPECT_TRUE(adapts(listening));
}

TEST(KernelFact, one_of_two_buffers_is_taken_back_alone) {
  if (!can_take_buffers_back()) GTEST_SKIP() << "SO_BUF_LOCK came with Linux 5.15";
  ListenOptions sized;
  sized.socket.receive_buffer = sized.socket.send_buffer = 65'536;
  const Descriptor listening = listening_at(*Address::parse("127.0.0.1", 0), sized);
  ASSERT_EQ(take_buffers_back(listening.get(), false, true), 0);
  EXPECT_EQ(integer_option(listening, SOL_SOCKET, SO_SNDBUF), 2 * 65'536);
  EXPECT_EQ(integer_option(listening, SOL_SOCKET, SO_BUF_LOCK), 1);
}

TEST(KernelFact, udp_sockets_of_two_generations_hear_a_client_in_the_same_place) {
  ListenOptions options;
  options.reuse_port = true;
  const auto old = listen_udp(*Address::parse("127.0.0.1", 0), options, 3);
  ASSERT_TRUE(old);
  const Address address = local_address(old->front().get());
  std::vector<Descriptor> clients;
  const auto places = [&](const std::vector<Descriptor>& sockets) {
    std::string found;
    for (const Descriptor& client : clients) {
      EXPECT_EQ(::sendto(client.get(), "x", 1, 0, address.data(), address.size()), 1);
      for (std::size_t place = 0; place < sockets.size(); ++place) {
        char byte = 0;
        if (::recv(sockets[place].get(), &byte, 1, MSG_DONTWAIT) == 1) found += std::to_string(place);
      }
    }
    return found;
  };
  for (int each = 0; each < 20; ++each)
    clients.push_back(std::move(listen_udp(*Address::parse("127.0.0.1", 0), {}, 1)->front()));
  const std::string before = places(*old);
  ASSERT_EQ(before.size(), clients.size());
  options.socket.interface = "lo";
  const auto next = listen_udp(address, options, 3);
  ASSERT_TRUE(next) << next.error().text();
  EXPECT_EQ(places(*next), before);
}

}  // namespace
}  // namespace lastbyte::net::test
