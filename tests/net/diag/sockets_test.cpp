// What sock_diag(7) tells of sockets that this process makes, in a network of their own.
#include "net/diag/sockets.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "net/datagram/socket.h"
#include "net/socket/calls.h"
#include "net/tcp/connect.h"
#include "net/tcp/listen.h"
#include "tests/harness/loopback.h"

namespace lastbyte::net::diag {
namespace {

class SocketsTest : public ::testing::TestWithParam<const char*> {
 protected:
  /// In a network of its own, with a listening socket.
  void alone(const std::function<void()>& body) {
    const bool ran = test::in_own_network("ipv4/ip_local_port_range", "32768 60999", [&] {
      if (const auto told = for_each_socket({}, [](const Socket&) {}); !told) GTEST_SKIP() << told.error().text();
      auto listening = listen_tcp(*Address::parse(GetParam(), 0), {}, 1);
      ASSERT_TRUE(listening) << listening.error().text();
      listening_ = std::move(listening->at(0));
      to_ = local_address(listening_.get());
      body();
    });
    if (!ran) GTEST_SKIP() << "no network namespace of its own here";
  }

  /// A connection, and the server's end of it.
  std::pair<Descriptor, Descriptor> connect(const Address& source = {}) {
    auto connecting = connect_tcp(to_, source, {});
    EXPECT_TRUE(connecting) << connecting.error().text();
    for (;;) {
      Descriptor accepted(::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (accepted) return {std::move(connecting->socket), std::move(accepted)};
      std::this_thread::yield();
    }
  }

  [[nodiscard]] Filter towards() const { return {.family = to_.family(), .states = kHoldingAPort, .to = to_}; }
  static std::vector<Socket> found(const Filter& filter) {
    std::vector<Socket> all;
    const auto told = for_each_socket(filter, [&](const Socket& socket) { all.push_back(socket); });
    EXPECT_TRUE(told) << told.error().text();
    return all;
  }
  [[nodiscard]] Address loopback(std::uint16_t port) const { return *Address::parse(GetParam(), port); }

  /// Leaves one in TIME_WAIT. Its local port.
  std::uint16_t wait_for_time_wait() {
    auto [client, server] = connect();
    const std::uint16_t port = local_address(client.get()).port();
    client.close();
    char byte = 0;
    EXPECT_EQ(::recv(server.get(), &byte, 1, 0), 0);
    server.close();
    Filter waiting = towards();
    waiting.states = bit_of(State::time_wait);
    while (found(waiting).empty()) std::this_thread::yield();
    return port;
  }

  Descriptor listening_;
  Address to_;
};

INSTANTIATE_TEST_SUITE_P(Of, SocketsTest, ::testing::Values("127.0.0.1", "::1"),
                         [](const auto& each) { return std::string(each.param) == "::1" ? "IPv6" : "IPv4"; });

TEST_P(SocketsTest, a_connection_is_told_with_both_ends_its_owner_and_its_file) {
  alone([&] {
    const auto [client, server] = connect();
    const auto all = found(towards());
    ASSERT_EQ(all.size(), 1U);
    const Socket& socket = all[0];
    EXPECT_EQ(socket.state, State::established);
    EXPECT_EQ(socket.local, local_address(client.get()));
    EXPECT_EQ(socket.remote, to_);
    struct stat status{};
    ASSERT_EQ(::fstat(client.get(), &status), 0);
    EXPECT_EQ(socket.inode, status.st_ino);
    EXPECT_EQ(socket.uid, status.st_uid);
    std::uint64_t cookie = 0;
    socklen_t length = sizeof cookie;
    ASSERT_EQ(::getsockopt(client.get(), SOL_SOCKET, SO_COOKIE, &cookie, &length), 0);
    EXPECT_EQ(socket.cookie, cookie);
    EXPECT_FALSE(socket.details);
  });
}

TEST_P(SocketsTest, all_that_listen_are_told_with_their_queue) {
  alone([&] {
    const auto waiting = connect_tcp(to_, {}, {});
    ASSERT_TRUE(waiting);
    const Filter filter{.family = to_.family(), .states = bit_of(State::listening)};
    std::vector<Socket> all;
    do all = found(filter);
    while (!all.empty() && all[0].receive_queue == 0);
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0].local, to_);
    EXPECT_EQ(all[0].receive_queue, 1U) << "a client that waits";
    EXPECT_EQ(all[0].send_queue, 4096U) << "the backlog";
  });
}

TEST_P(SocketsTest, details_are_told_on_request) {
  alone([&] {
    const auto [client, server] = connect();
    ASSERT_EQ(::send(server.get(), "12345", 5, 0), 5);
    Filter filter = towards();
    filter.with_details = true;
    std::vector<Socket> all;
    do all = found(filter);
    while (!all.empty() && all[0].receive_queue < 5);
    ASSERT_EQ(all.size(), 1U);
    ASSERT_TRUE(all[0].details);
    const Details& details = *all[0].details;
    EXPECT_GT(details.receive_buffer, 0U);
    EXPECT_GT(details.send_buffer, 0U);
    EXPECT_FALSE(details.congestion_control.empty());
    ASSERT_TRUE(details.tcp);
    EXPECT_EQ(details.tcp->bytes_received, 5U);
    EXPECT_GT(details.tcp->congestion_window, 0U);
    EXPECT_GT(details.tcp->segment_size, 0U);
  });
}

// One program of the kernel's filter has them all: the destination and one of the sources, some with a range of ports.
TEST_P(SocketsTest, T13_the_kernel_filters_by_any_of_several_sources_and_their_ports) {
  alone([&] {
    const auto low = connect(loopback(40000));
    const auto high = connect(loopback(50000));
    const Address elsewhere = *Address::parse(to_.family() == AF_INET6 ? "2001:db8::7" : "127.0.0.7", 0);
    const Source first(loopback(0), PortRange{40000, 44999});
    const Source second(loopback(0), PortRange{45000, 50000});
    const Source none(loopback(0), PortRange{40001, 49999});
    const auto ports_from = [&](std::vector<Source> sources) {
      Filter filter = towards();
      filter.from = std::move(sources);
      std::vector<std::uint16_t> ports;
      for (const Socket& socket : found(filter)) ports.push_back(socket.local.port());
      std::ranges::sort(ports);
      return ports;
    };
    using PortList = std::vector<std::uint16_t>;
    EXPECT_EQ(ports_from({}), (PortList{40000, 50000}));
    EXPECT_EQ(ports_from({loopback(0)}), (PortList{40000, 50000}));
    EXPECT_EQ(ports_from({loopback(50000)}), PortList{50000});
    EXPECT_EQ(ports_from({first}), PortList{40000});
    EXPECT_EQ(ports_from({second}), PortList{50000});
    EXPECT_EQ(ports_from({none}), PortList{});
    EXPECT_EQ(ports_from({none, first}), PortList{40000});
    EXPECT_EQ(ports_from({elsewhere, none, first, second}), (PortList{40000, 50000}));
    EXPECT_EQ(ports_from({elsewhere}), PortList{});
    EXPECT_EQ(ports_from({*Address::parse(to_.family() == AF_INET6 ? "127.0.0.1" : "::1", 0)}), PortList{})
        << "of another family";
  });
}

TEST_P(SocketsTest, as_many_sources_as_a_filter_takes_and_no_more) {
  alone([&] {
    const auto connection = connect();
    Filter filter = towards();
    filter.from.assign(500, Source(loopback(1)));
    filter.from.emplace_back(loopback(0));
    EXPECT_EQ(found(filter).size(), 1U);
    filter.from.assign(5000, Source(loopback(0)));
    const auto refused = for_each_socket(filter, [](const Socket&) {});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, E2BIG);
  });
}

TEST_P(SocketsTest, udp_sockets_are_told_too) {
  alone([&] {
    const auto socket = connect_udp(to_, {}, {});
    ASSERT_TRUE(socket);
    const auto all = found({.protocol = Protocol::udp, .family = to_.family(), .to = to_});
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0].state, State::established);
    EXPECT_EQ(all[0].local, local_address(socket->get()));
  });
}

TEST_P(SocketsTest, T13_time_wait_towards_a_destination_can_be_ended) {
  alone([&] {
    const std::uint16_t port = wait_for_time_wait();
    const auto open = connect();
    Filter elsewhere = towards();
    elsewhere.to->set_port(static_cast<std::uint16_t>(to_.port() - 1));
    EXPECT_EQ(destroy_time_wait(elsewhere).value_or(99), 0U);
    const auto ended = destroy_time_wait(towards());
    if (!ended && (ended.error().code == EPERM || ended.error().code == EOPNOTSUPP))
      GTEST_SKIP() << ended.error().text();
    ASSERT_TRUE(ended) << ended.error().text();
    EXPECT_EQ(*ended, 1U);
    const auto left = found(towards());
    ASSERT_EQ(left.size(), 1U) << "an open connection stays";
    EXPECT_EQ(left[0].state, State::established);
    EXPECT_NE(left[0].local.port(), port);
    EXPECT_EQ(destroy_time_wait(towards()).value_or(99), 0U);
  });
}

}  // namespace
}  // namespace lastbyte::net::diag
