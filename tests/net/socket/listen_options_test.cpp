// The table of listener options.
#include "net/socket/listen_options.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>

#include "net/socket/buffers.h"
#include "net/socket/calls.h"
#include "net/tcp/listen.h"
#include "tests/net/socket/every_option.h"

namespace lastbyte::net::test {
namespace {

TEST(ListenOptionTable, has_a_row_for_each_option) {
  const ListenOptions every = every_option_changed();
  ListenOptions copied;
  for (const ListenOption& option : listen_options()) {
    EXPECT_TRUE(option.differs(copied, every)) << option.setting;
    option.copy(every, copied);
    EXPECT_FALSE(option.differs(copied, every)) << option.setting;
  }
  EXPECT_EQ(copied, every);
}

TEST(ListenOptionTable, an_option_that_a_system_call_sets_says_how) {
  for (const ListenOption& option : listen_options()) {
    const bool by_call = option.stage == Stage::before_bind || option.stage == Stage::listening;
    EXPECT_EQ(option.set != nullptr, by_call) << option.setting;
    EXPECT_TRUE(by_call || (!option.for_passed && !option.finds_address)) << option.setting;
  }
}

ListenOptions with_interface(const char* name) {
  ListenOptions options;
  options.socket.interface = name;
  return options;
}

TEST(ListenOptionTable, another_interface_takes_a_new_socket_except_for_unix) {
  EXPECT_FALSE(can_change(Transport::tcp, {}, with_interface("lo")));
  EXPECT_FALSE(can_change(Transport::udp, with_interface("lo"), {}));
  EXPECT_TRUE(can_change(Transport::tcp, with_interface("lo"), with_interface("lo")));
  EXPECT_TRUE(can_change(Transport::unix_stream, {}, with_interface("lo")));
}

TEST(ListenOptionTable, a_buffer_is_given_back_to_the_kernel_only_where_it_can_be) {
  ListenOptions sized;
  sized.socket.receive_buffer = 1 << 16;
  ListenOptions larger = sized;
  larger.socket.receive_buffer = 1 << 17;
  EXPECT_TRUE(can_change(Transport::tcp, {}, sized));
  EXPECT_TRUE(can_change(Transport::tcp, sized, larger));
  EXPECT_EQ(can_change(Transport::tcp, sized, {}), can_take_buffers_back());
}

TEST(ListenOptionTable, all_else_can_change_in_place) {
  ListenOptions every = every_option_changed();
  every.socket.interface.clear();
  for (const Transport transport : {Transport::tcp, Transport::udp, Transport::unix_stream})
    EXPECT_TRUE(can_change(transport, {}, every)) << name(transport);
}

TEST(ListenOptionTable, the_unit_of_a_passed_socket_sets_the_rest) {
  const ListenOptions every = every_option_changed();
  const ListenOptions passed = options_for_passed(every);
  ListenOptions expected;
  expected.socket.nodelay = every.socket.nodelay;
  expected.socket.keepalive = every.socket.keepalive;
  expected.defer_accept = every.defer_accept;
  expected.fast_open = every.fast_open;
  expected.takes_descriptors = every.takes_descriptors;
  EXPECT_EQ(passed, expected);
}

TEST(ListenOptionTable, interface_and_freebind_decide_whether_there_is_an_address) {
  const ListenOptions every = every_option_changed();
  ListenOptions expected;
  expected.socket.interface = every.socket.interface;
  expected.freebind = every.freebind;
  EXPECT_EQ(options_to_find_address(every), expected);
}

int keepalive_of(int fd) {
  int value = -1;
  socklen_t length = sizeof value;
  ::getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &value, &length);
  return value;
}

TEST(ListenOptionTable, a_change_sets_what_differs_and_nothing_else) {
  const Address any = *Address::parse("127.0.0.1", 0);
  auto sockets = listen_tcp(any, {}, 1);
  ASSERT_TRUE(sockets);
  const int fd = sockets->front().get();
  const int off = 0;
  ASSERT_EQ(::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &off, sizeof off), 0);
  ListenOptions without_delay;
  without_delay.socket.nodelay = false;
  ASSERT_TRUE(change_listen_options(fd, Transport::tcp, any, ListenOptions(), without_delay));
  EXPECT_EQ(keepalive_of(fd), 0) << "it is the same in both";
  ASSERT_TRUE(change_listen_options(fd, Transport::tcp, any, std::nullopt, ListenOptions()));
  EXPECT_EQ(keepalive_of(fd), 1) << "of a socket that somebody else made, nothing is known";
}

TEST(ReusePort, a_port_that_was_shared_on_purpose_can_be_closed_to_others) {
  ListenOptions shared;
  shared.reuse_port = true;
  auto ours = listen_tcp(*Address::parse("127.0.0.1", 0), shared, 1);
  ASSERT_TRUE(ours) << ours.error().text();
  const int fd = ours->front().get();
  EXPECT_TRUE(shares_port(fd));
  ASSERT_TRUE(share_port(fd, false));
  EXPECT_FALSE(listen_tcp(local_address(fd), shared, 1));
}

}  // namespace
}  // namespace lastbyte::net::test
