// T10: after an error was taken, a read of 0 proves no FIN. The count of received bytes does, because a FIN counts as
// one (net/ipv4/tcp_input.c tcp_fin).
#include "net/tcp/fin.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

#include "net/socket/calls.h"
#include "net/tcp/connection.h"
#include "tests/harness/loopback.h"

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
  EXPECT_EQ(send_one(pair.client), "1");  // the peer answers it with a reset
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

TEST(KernelFact, splice_stops_at_urgent_data_and_calls_it_the_end_where_a_fin_has_come) {
  Pair pair = connected_pair();
  ASSERT_TRUE(send_all(pair.server, "before"));
  ASSERT_EQ(::send(pair.server.get(), "!", 1, MSG_OOB), 1);
  ASSERT_TRUE(send_all(pair.server, "behind"));
  ASSERT_EQ(::shutdown(pair.server.get(), SHUT_WR), 0);
  ASSERT_TRUE(wait_for(pair.client.get(), POLLRDHUP) & POLLRDHUP);
  int pipe[2];
  ASSERT_EQ(::pipe2(pipe, O_CLOEXEC | O_NONBLOCK), 0);
  const Descriptor out(pipe[0]);
  const Descriptor in(pipe[1]);
  const auto splice = [&] { return ::splice(pair.client.get(), nullptr, in.get(), nullptr, 4096, SPLICE_F_NONBLOCK); };
  EXPECT_EQ(splice(), 6);
  EXPECT_EQ(splice(), 0) << "with seven bytes to come";
  set_urgent_inline(pair.client.get());
  EXPECT_EQ(splice(), 0);
  EXPECT_EQ(receive(pair.client, 2), "7 0");
}

TEST(KernelFact, a_lone_urgent_byte_is_readable_only_in_line) {
  Pair pair = connected_pair();
  ASSERT_EQ(::send(pair.server.get(), "!", 1, MSG_OOB), 1);
  ASSERT_TRUE(wait_for(pair.client.get(), POLLPRI) & POLLPRI);
  EXPECT_FALSE(wait_for(pair.client.get(), POLLIN | POLLPRI) & POLLIN);
  set_urgent_inline(pair.client.get());
  EXPECT_TRUE(wait_for(pair.client.get(), POLLIN | POLLPRI) & POLLIN);
}

}  // namespace
}  // namespace lastbyte::net::test
