// T13: sockets towards a destination as the kernel counts them.
#include "net/port_use.h"

#include <gtest/gtest.h>

#include <thread>

#include "loopback.h"
#include "net/socket.h"

namespace lastbyte::net {
namespace {

class PortUseTest : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const auto counted = ports_in_use(*Address::parse("127.0.0.1", 9), {});
    if (!counted) GTEST_SKIP() << counted.error().text();
    auto listening = listen_on(*Address::parse(GetParam(), 0), {}, 1);
    ASSERT_TRUE(listening) << listening.error().text();
    listening_ = std::move(listening->at(0));
    to_ = local_address(listening_.get());
  }

  /// A connection from `source`, and the server's end of it.
  std::pair<Descriptor, Descriptor> connect(const Address& source = {}) {
    auto connecting = start_connecting(to_, source, {});
    EXPECT_TRUE(connecting) << connecting.error().text();
    for (;;) {
      Descriptor accepted(::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (accepted) return {std::move(connecting->socket), std::move(accepted)};
      std::this_thread::yield();
    }
  }
  [[nodiscard]] PortUse use(std::vector<Address> sources = {}) const {
    const auto counted = ports_in_use(to_, sources);
    EXPECT_TRUE(counted) << counted.error().text();
    return counted.value_or(PortUse{});
  }

  Descriptor listening_;
  Address to_;
};

TEST_P(PortUseTest, T13CountsWhatIsConnectedToItAndNotWhatListensOrWasAccepted) {
  EXPECT_EQ(use().sockets, 0U);
  const auto first = connect();
  const auto second = connect();
  EXPECT_EQ(use().sockets, 2U);
  EXPECT_EQ(use().time_wait, 0U);
}

TEST_P(PortUseTest, T13CountsTimeWaitAndTellsIt) {
  auto [client, server] = connect();
  client.close();
  char byte = 0;
  EXPECT_EQ(::recv(server.get(), &byte, 1, 0), 0);
  server.close();
  while (use().time_wait == 0) std::this_thread::yield();
  EXPECT_EQ(use().sockets, 1U);
  EXPECT_EQ(use().time_wait, 1U);
}

TEST_P(PortUseTest, T13CountsOnlyItsOwnSources) {
  const bool v6 = to_.family() == AF_INET6;
  const Address here = *Address::parse(v6 ? "::1" : "127.0.0.1", 0);
  const Address elsewhere = *Address::parse(v6 ? "2001:db8::7" : "127.0.0.7", 0);
  const auto connection = connect(here);
  EXPECT_EQ(use({here}).sockets, 1U);
  EXPECT_EQ(use({elsewhere}).sockets, 0U);
  EXPECT_EQ(use({elsewhere, here}).sockets, 1U);
}

TEST_P(PortUseTest, CountsMoreThanOneDatagramTells) {
  std::vector<std::pair<Descriptor, Descriptor>> many;
  for (int each = 0; each < 400; ++each) many.push_back(connect());
  EXPECT_EQ(use().sockets, 400U);
}

INSTANTIATE_TEST_SUITE_P(Of, PortUseTest, ::testing::Values("127.0.0.1", "::1"),
                         [](const auto& each) { return std::string(each.param) == "::1" ? "IPv6" : "IPv4"; });

TEST(LocalPortRange, IsWhatTheKernelSays) {
  const auto range = local_port_range();
  ASSERT_TRUE(range) << range.error().text();
  EXPECT_LE(range->first, range->last);
  EXPECT_EQ(range->count(), static_cast<std::uint32_t>(range->last) - range->first + 1);
}

}  // namespace
}  // namespace lastbyte::net
