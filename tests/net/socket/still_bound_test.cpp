// What a listening socket was bound to, and whether it is still there.
#include "net/socket/still_bound.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "net/tcp/listen.h"
#include "net/unix/listener.h"

namespace lastbyte::net {
namespace {

TEST(StillBound, an_address_is_there_where_bind_would_take_it) {
  EXPECT_TRUE(has_address(*Address::parse("127.0.0.1", 80), {})) << "the port does not matter, nor a privilege for it";
  EXPECT_TRUE(has_address(*Address::parse("0.0.0.0", 0), {}));
  EXPECT_FALSE(has_address(*Address::parse("192.0.2.77", 80), {}));
  EXPECT_FALSE(has_address(*Address::parse("2001:db8::77", 80), {}));
  EXPECT_FALSE(has_address(*Address::parse("fe80::77%987654", 80), {})) << "no interface has that number";
}

TEST(StillBound, an_address_is_not_there_without_its_interface) {
  ListenOptions options;
  options.socket.interface = "lo";
  EXPECT_TRUE(has_address(*Address::parse("127.0.0.1", 80), options));
  options.socket.interface = "no-such-if";
  EXPECT_FALSE(has_address(*Address::parse("127.0.0.1", 80), options));
}

TEST(StillBound, a_socket_tells_the_number_of_its_interface) {
  ListenOptions options;
  const auto anywhere = listen_tcp(*Address::parse("127.0.0.1", 0), options, 1);
  ASSERT_TRUE(anywhere) << anywhere.error().text();
  EXPECT_EQ(interface_of(anywhere->front().get()), 0U);
  options.socket.interface = "lo";
  const auto at_lo = listen_tcp(*Address::parse("127.0.0.1", 0), options, 1);
  ASSERT_TRUE(at_lo) << at_lo.error().text();
  EXPECT_EQ(interface_of(at_lo->front().get()), interface_number("lo"));
  EXPECT_NE(interface_number("lo"), 0U);
  EXPECT_EQ(interface_number("no-such-if"), 0U);
}

TEST(StillBound, a_socket_that_was_shut_down_does_not_listen) {
  const auto made = listen_tcp(*Address::parse("127.0.0.1", 0), {}, 1);
  ASSERT_TRUE(made) << made.error().text();
  EXPECT_TRUE(is_listening(made->front().get()));
  ASSERT_EQ(::shutdown(made->front().get(), SHUT_RD), 0);
  EXPECT_FALSE(is_listening(made->front().get()));
}

}  // namespace
}  // namespace lastbyte::net
