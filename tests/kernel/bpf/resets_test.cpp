// Finds by cookie which end reset a connection.
#include "kernel/bpf/resets.h"

#include <gtest/gtest.h>

#include "tests/harness/loopback.h"

namespace lastbyte::kernel {
namespace {

class ResetTableTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto loaded = ResetTable::load();
    if (!loaded) GTEST_SKIP() << loaded.error().text();
    table_ = std::move(*loaded);
  }
  static std::uint64_t cookie_of(const Descriptor& socket) {
    std::uint64_t cookie = 0;
    socklen_t size = sizeof cookie;
    EXPECT_EQ(::getsockopt(socket.get(), SOL_SOCKET, SO_COOKIE, &cookie, &size), 0);
    return cookie;
  }

  std::unique_ptr<ResetTable> table_;
};

TEST_F(ResetTableTest, knows_nothing_of_connections_that_end_well) {
  net::test::Pair pair = net::test::connected_pair();
  const auto client = cookie_of(pair.client);
  pair.client.close();
  pair.server.close();
  EXPECT_FALSE(table_->find(client));
  EXPECT_FALSE(table_->find(0));
}

TEST_F(ResetTableTest, tells_the_end_that_sent_it_from_the_end_that_received_it_and_why) {
  net::test::Pair pair = net::test::connected_pair();
  ASSERT_TRUE(net::test::send_all(pair.client, "12345"));
  ASSERT_TRUE(net::test::eventually([&] { return net::test::unread(pair.server) == 5; }));
  const auto server = cookie_of(pair.server);
  pair.server.close();
  const auto sent = table_->find(server);
  ASSERT_TRUE(sent);
  EXPECT_TRUE(sent->sent);
  EXPECT_FALSE(sent->received);
  EXPECT_EQ(sent->reason, "TCP_ABORT_ON_CLOSE");
  EXPECT_EQ(sent->trigger, ResetTrigger::call);
  EXPECT_EQ(sent->unread, 5U);
  // Here the first request for the cookie comes after the reset.
  const auto client = cookie_of(pair.client);
  ASSERT_TRUE(net::test::eventually([&] { return table_->find(client).has_value(); }));
  const auto received = table_->find(client);
  EXPECT_TRUE(received->received);
  EXPECT_FALSE(received->sent);
  EXPECT_EQ(received->reason, "");
}

TEST_F(ResetTableTest, knows_a_reset_that_follows_a_close) {
  net::test::Pair pair = net::test::connected_pair();
  const auto server = cookie_of(pair.server);
  ASSERT_EQ(::shutdown(pair.server.get(), SHUT_WR), 0);
  ASSERT_TRUE(net::test::eventually([&] { return net::test::state(pair.server) == "FIN_WAIT2"; }));
  pair.server.close();
  net::test::send_one(pair.client);
  ASSERT_TRUE(net::test::eventually([&] { return table_->find(server).has_value(); }));
  EXPECT_EQ(table_->find(server)->reason, "TCP_TIMEWAIT_SOCKET");
  EXPECT_EQ(table_->find(server)->trigger, ResetTrigger::segment);
}

}  // namespace
}  // namespace lastbyte::kernel
