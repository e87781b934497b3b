#include "net/socket/calls.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "tests/harness/loopback.h"

namespace lastbyte::net::test {
namespace {

using UnacknowledgedUnderLoss = UnderLoss;

TEST_F(UnacknowledgedUnderLoss, counts_bytes_until_the_peers_kernel_has_them) {
  const Pair pair = connected_pair();
  {
    const Deaf deaf(pair.server);
    ASSERT_TRUE(send_all(pair.client, "12345"));
    EXPECT_EQ(unacknowledged(pair.client.get()), 5U);
    ::shutdown(pair.client.get(), SHUT_WR);
    EXPECT_EQ(unacknowledged(pair.client.get()), 6U) << "the FIN counts as 1";
  }
  EXPECT_TRUE(eventually([&] { return unacknowledged(pair.client.get()) == 0; }));
  EXPECT_EQ(unread(pair.server), 5) << "acknowledged is not the same as read";
}

TEST(TakeError, gives_the_pending_error_once) {
  Pair pair = connected_pair();
  EXPECT_EQ(take_error(pair.client.get()), 0);
  reset_and_close(pair.server);
  wait_for(pair.client.get(), POLLIN);
  EXPECT_EQ(take_error(pair.client.get()), ECONNRESET);
  EXPECT_EQ(take_error(pair.client.get()), 0);
  EXPECT_EQ(take_error(-1), EBADF);
}

TEST(ResetAndClose, T7_the_peer_sees_a_reset_and_the_descriptor_is_gone) {
  Pair pair = connected_pair();
  const int fd = pair.server.get();
  reset_and_close(pair.server);
  EXPECT_FALSE(pair.server);
  EXPECT_EQ(::fcntl(fd, F_GETFD), -1);
  EXPECT_EQ(receive(pair.client, 1), "ECONNRESET");
  reset_and_close(pair.server);  // empty: nothing happens
}

TEST(ResetAndClose, T7_resets_also_after_a_clean_half_close) {
  Pair pair = connected_pair();
  ::shutdown(pair.server.get(), SHUT_WR);
  EXPECT_EQ(receive(pair.client, 1), "0");
  reset_and_close(pair.server);
  EXPECT_TRUE(wait_for(pair.client.get(), 0) & POLLERR);
}

TEST(LocalAddress, is_none_on_error) { EXPECT_TRUE(local_address(-1).none()); }

}  // namespace
}  // namespace lastbyte::net::test
