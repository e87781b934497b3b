// What the moving of bytes does to a socket of the kernel.
#include "relay/side/transport.h"

#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <utility>

#include "tests/harness/eventually.h"
#include "tests/harness/loopback.h"

namespace lastbyte::relay {
namespace {

bool has_nodelay(const Side& side) {
  int value = 0;
  socklen_t size = sizeof value;
  EXPECT_EQ(::getsockopt(side.socket.get(), IPPROTO_TCP, TCP_NODELAY, &value, &size), 0);
  return value != 0;
}

/// One write as a flow does it.
void write_some(Side& to) {
  const std::array<std::byte, 16> bytes{};
  const ssize_t put = transport::write(to, bytes);
  ASSERT_EQ(put, 16);
  to.ledger.sent += static_cast<std::uint64_t>(put);
}

TEST(Transport, tcp_nodelay_is_set_at_the_second_write) {
  net::test::Pair pair = net::test::connected_pair();
  Side upstream;
  upstream.socket = std::move(pair.client);
  write_some(upstream);
  EXPECT_FALSE(has_nodelay(upstream)) << "a session of one write is spared the system call";
  write_some(upstream);
  EXPECT_TRUE(has_nodelay(upstream)) << "the second write would wait for the acknowledgement of the first (Nagle)";
}

TEST(Transport, tcp_nodelay_is_left_alone_where_it_is_not_wanted) {
  net::test::Pair pair = net::test::connected_pair();
  Side upstream;
  upstream.socket = std::move(pair.client);
  upstream.quirks.nodelay = true;  // nothing to do any more, as for a side that is told to go without
  write_some(upstream);
  write_some(upstream);
  EXPECT_FALSE(has_nodelay(upstream));
}

TEST(Transport, events_that_the_loop_has_not_fetched_are_found) {
  net::test::Pair pair = net::test::connected_pair();
  Side side;
  side.socket = std::move(pair.client);
  EXPECT_FALSE(transport::fetch_events(side)) << "nothing has come";
  ASSERT_EQ(::send(pair.server.get(), "x", 1, 0), 1);
  ASSERT_TRUE(test::eventually([&] { return transport::fetch_events(side); }));
  EXPECT_TRUE(side.ready.readable);
  EXPECT_FALSE(transport::fetch_events(side)) << "the side is readable already";
  std::array<std::byte, 16> room{};
  ASSERT_EQ(transport::read(side, room), 1);
  side.ready.readable = false;
  ASSERT_EQ(::shutdown(pair.server.get(), SHUT_WR), 0);
  ASSERT_TRUE(test::eventually([&] { return transport::fetch_events(side); }));
  EXPECT_TRUE(side.ready.hung_up);
}

}  // namespace
}  // namespace lastbyte::relay
