// Facts about UDP sockets of Linux that relaying datagrams depends on (docs/kernel-facts.md).
#include <gtest/gtest.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "net/datagram/io.h"
#include "net/datagram/socket.h"
#include "net/socket/calls.h"
#include "tests/harness/loopback.h"

namespace lastbyte::net {
namespace {

const Address kLoopback = *Address::parse("127.0.0.1", 0);

Descriptor bound() { return std::move(listen_udp(kLoopback, {}, 1)->front()); }

Descriptor connected_to(const Address& to) { return std::move(*connect_udp(to, {}, {})); }

/// Returns a port that was just closed.
Address nobody() { return local_address(bound().get()); }

void send_to(const Descriptor& from, const Address& to) {
  ASSERT_EQ(::sendto(from.get(), "x", 1, 0, to.data(), to.size()), 1);
}

/// Waits for data or an error.
bool something_comes(const Descriptor& socket) {
  pollfd wanted{.fd = socket.get(), .events = POLLIN, .revents = 0};
  return ::poll(&wanted, 1, 5000) == 1;
}

bool readable_now(const Descriptor& socket) {
  char byte = 0;
  return ::recv(socket.get(), &byte, 1, MSG_DONTWAIT | MSG_PEEK) >= 0;
}

TEST(KernelFact, an_icmp_error_is_told_to_a_connected_udp_socket_and_to_no_other) {
  const Address gone = nobody();
  const Descriptor connected = connected_to(gone);
  ASSERT_EQ(::send(connected.get(), "x", 1, 0), 1);
  ASSERT_TRUE(something_comes(connected));
  EXPECT_EQ(take_error(connected.get()), ECONNREFUSED);
  const Descriptor unconnected = bound();
  send_to(unconnected, gone);
  send_to(unconnected, gone);  // on loopback, the answer to the first send arrived within that call
  EXPECT_EQ(take_error(unconnected.get()), 0);
}

TEST(KernelFact, a_udp_socket_tells_its_error_before_the_datagrams_that_came_earlier) {
  Descriptor server = bound();
  const Descriptor client = connected_to(local_address(server.get()));
  send_to(server, local_address(client.get()));
  ASSERT_TRUE(readable_now(client));
  server.close();
  ASSERT_EQ(::send(client.get(), "x", 1, 0), 1);
  char byte = 0;
  EXPECT_EQ(::recv(client.get(), &byte, 1, MSG_DONTWAIT), -1);
  EXPECT_EQ(errno, ECONNREFUSED);
  EXPECT_EQ(::recv(client.get(), &byte, 1, MSG_DONTWAIT), 1);
}

TEST(KernelFact, a_udp_socket_connected_to_itself_hears_nobody_and_can_still_send_to_all) {
  const Descriptor socket = bound();
  const Address address = local_address(socket.get());
  const Descriptor other = bound();
  send_to(other, address);
  ASSERT_TRUE(deafen(socket.get()));
  send_to(other, address);
  char byte = 0;
  EXPECT_EQ(::recv(socket.get(), &byte, 1, MSG_DONTWAIT), 1) << "what had come before can still be read";
  EXPECT_EQ(::recv(socket.get(), &byte, 1, MSG_DONTWAIT), -1);
  send_to(socket, local_address(other.get()));
  sockaddr_in from{};
  socklen_t length = sizeof from;
  ASSERT_EQ(::recvfrom(other.get(), &byte, 1, MSG_DONTWAIT, reinterpret_cast<sockaddr*>(&from), &length), 1);
  EXPECT_EQ(Address(from), address);
}

TEST(KernelFact, a_udp_port_is_the_same_pool_for_all_destinations) {
  // Both ask for the same port: TCP would give it to both.
  const Descriptor first = connected_to(nobody());
  const Address source = *Address::parse("127.0.0.1", local_address(first.get()).port());
  const auto second = connect_udp(*Address::parse("127.0.0.2", 9), source, {});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, EADDRINUSE);
}

TEST(DatagramSockets, a_port_in_use_is_an_error_even_with_several_sockets) {
  const auto first = listen_udp(kLoopback, {}, 2);
  ASSERT_TRUE(first) << first.error().text();
  const Address taken = local_address(first->front().get());
  EXPECT_EQ(local_address(first->back().get()), taken);
  const auto second = listen_udp(taken, {}, 1);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, EADDRINUSE);
  EXPECT_NE(second.error().text().find("listen on udp:" + taken.text()), std::string::npos) << second.error().text();
}

TEST(DatagramSockets, each_client_is_heard_by_one_of_several_sockets) {
  const auto sockets = listen_udp(kLoopback, {}, 3);
  ASSERT_TRUE(sockets);
  const Address address = local_address(sockets->front().get());
  for (int client = 0; client < 20; ++client) {
    const Descriptor from = bound();
    std::vector<int> heard(sockets->size());
    for (int i = 0; i < 5; ++i) {
      send_to(from, address);
      char byte = 0;
      for (std::size_t at = 0; at < sockets->size(); ++at)
        heard[at] += ::recv((*sockets)[at].get(), &byte, 1, MSG_DONTWAIT) == 1 ? 1 : 0;
    }
    EXPECT_EQ(std::ranges::count(heard, 5), 1);
    EXPECT_EQ(std::ranges::count(heard, 0), 2);
  }
}

TEST(DatagramSockets, T13_a_source_that_is_absent_and_one_without_a_port_are_told_apart) {
  const bool ran = test::in_own_network("ipv4/ip_local_port_range", "50000 50000", [] {
    const Address to = *Address::parse("127.0.0.1", 9);
    const Address source = *Address::parse("127.0.0.1", 0);
    const auto text_of_failure = [&](const Address& from) {
      const auto made = connect_udp(to, from, {});
      EXPECT_FALSE(made);
      EXPECT_EQ(made.error().code, EADDRNOTAVAIL);
      return made ? std::string() : made.error().operation + ": " + made.error().detail;
    };
    EXPECT_EQ(text_of_failure(*Address::parse("192.0.2.77", 0)),
              "bind source 192.0.2.77 for udp:127.0.0.1:9: no interface of this machine has the address");
    const auto first = connect_udp(to, source, {});
    ASSERT_TRUE(first) << first.error().text();
    const std::string used_up =
        "the local ports are used up; give more source addresses, or widen net.ipv4.ip_local_port_range";
    EXPECT_EQ(text_of_failure(source), "bind source 127.0.0.1 for udp:127.0.0.1:9: " + used_up);
    EXPECT_EQ(text_of_failure({}), "connect udp:127.0.0.1:9: " + used_up);
  });
  if (!ran) GTEST_SKIP() << "no network namespace of its own here";
}

TEST(DatagramInbox, tells_what_came_from_whom_to_where_and_cut_how) {
  const auto sockets = listen_udp(*Address::parse("0.0.0.0", 0), {}, 1);
  ASSERT_TRUE(sockets);
  const Descriptor client = bound();
  const std::uint16_t port = local_address(sockets->front().get()).port();
  for (const char* ip : {"127.0.0.1", "127.0.0.9"}) send_to(client, *Address::parse(ip, port));
  DatagramInbox inbox;
  ASSERT_EQ(inbox.receive(sockets->front().get(), true), 2);
  for (std::size_t slot = 0; slot < 2; ++slot) {
    EXPECT_EQ(inbox.ends(slot).client_address(), local_address(client.get()));
    EXPECT_EQ(inbox.arrival(slot).bytes.size(), 1U);
    EXPECT_EQ(inbox.arrival(slot).segment, 1U);
  }
  EXPECT_EQ(inbox.ends(0).local[3], 1);
  EXPECT_EQ(inbox.ends(1).local[3], 9);
  EXPECT_EQ(inbox.receive(sockets->front().get(), true), -EAGAIN);
  EXPECT_EQ(inbox.free(), DatagramInbox::kSlots - 2);
}

}  // namespace
}  // namespace lastbyte::net
