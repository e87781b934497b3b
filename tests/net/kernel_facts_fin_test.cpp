// T10: after an error was taken, a read of 0 says nothing; the count of received bytes does, because a FIN is one of
// them (net/ipv4/tcp_input.c tcp_fin).
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

#include "loopback.h"

namespace lastbyte::net::test {
namespace {

TEST(KernelFact, a_reset_alone_counts_no_fin) {
  Pair pair = connected_pair();
  ASSERT_TRUE(send_all(pair.server, "answer"));
  ASSERT_TRUE(eventually([&] { return unacknowledged(pair.server.get()) == 0; }));
  reset_and_close(pair.server);
  ASSERT_TRUE(wait_for(pair.client.get(), 0) & POLLERR);
  ASSERT_EQ(take_error(pair.client.get()), ECONNRESET);
  EXPECT_EQ(receive(pair.client, 2), "6 0");
  EXPECT_FALSE(fin_has_come(pair.client.get(), 6));
}

TEST(KernelFact, a_fin_counts_as_one_received_byte_also_after_a_reset) {
  Pair pair = connected_pair();
  ASSERT_TRUE(send_all(pair.server, "answer"));
  pair.server.close();
  ASSERT_TRUE(wait_for(pair.client.get(), POLLRDHUP) & POLLRDHUP);
  EXPECT_EQ(send_one(pair.client), "1");  // and is answered with a reset
  ASSERT_TRUE(wait_for(pair.client.get(), 0) & POLLERR);
  ASSERT_EQ(take_error(pair.client.get()), EPIPE);
  EXPECT_EQ(receive(pair.client, 2), "6 0");
  EXPECT_TRUE(fin_has_come(pair.client.get(), 6));
}

TEST(KernelFact, a_fin_without_a_byte_counts_too) {
  Pair pair = connected_pair();
  ASSERT_EQ(::shutdown(pair.server.get(), SHUT_WR), 0);
  EXPECT_EQ(receive(pair.client, 1), "0");
  EXPECT_TRUE(fin_has_come(pair.client.get(), 0));
  EXPECT_FALSE(fin_has_come(pair.server.get(), 0));
}

}  // namespace
}  // namespace lastbyte::net::test
