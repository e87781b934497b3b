// T13: sockets towards a destination as the kernel counts them. T3: where one might be connected to itself.
#include "net/diag/port_use.h"

#include <gtest/gtest.h>

#include <functional>
#include <thread>
#include <vector>

#include "net/socket/calls.h"
#include "net/tcp/connect.h"
#include "net/tcp/listen.h"
#include "tests/harness/loopback.h"

namespace lastbyte::net {
namespace {

class PortUseTest : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const auto counted = ports_in_use(*Address::parse("127.0.0.1", 9), {});
    if (!counted) GTEST_SKIP() << counted.error().text();
  }

  /// Where that is to be had, in a network without anybody's TIME_WAIT towards the port that the kernel chooses.
  void alone(const std::function<void()>& body) {
    const auto listen_and_run = [&] {
      auto listening = listen_tcp(*Address::parse(GetParam(), 0), {}, 1);
      ASSERT_TRUE(listening) << listening.error().text();
      listening_ = std::move(listening->at(0));
      to_ = local_address(listening_.get());
      body();
    };
    if (!test::in_own_network("ipv4/ip_local_port_range", "32768 60999", listen_and_run)) listen_and_run();
  }

  /// A connection from `source`, and the server's end of it.
  std::pair<Descriptor, Descriptor> connect(const Address& source = {}) {
    auto connecting = connect_tcp(to_, source, {});
    EXPECT_TRUE(connecting) << connecting.error().text();
    for (;;) {
      Descriptor accepted(::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (accepted) return {std::move(connecting->socket), std::move(accepted)};
      std::this_thread::yield();
    }
  }
  [[nodiscard]] PortUse use(const std::vector<Source>& sources = {}) const {
    const auto counted = ports_in_use(to_, sources);
    EXPECT_TRUE(counted) << counted.error().text();
    return counted.value_or(PortUse{});
  }

  Descriptor listening_;
  Address to_;
};

TEST_P(PortUseTest, T13_counts_what_is_connected_to_it_and_not_what_listens_or_was_accepted) {
  alone([&] {
    EXPECT_EQ(use().sockets, 0U);
    const auto first = connect();
    const auto second = connect();
    EXPECT_EQ(use().sockets, 2U);
    EXPECT_EQ(use().time_wait, 0U);
  });
}

TEST_P(PortUseTest, T13_counts_time_wait_and_tells_it) {
  alone([&] {
    auto [client, server] = connect();
    client.close();
    char byte = 0;
    EXPECT_EQ(::recv(server.get(), &byte, 1, 0), 0);
    server.close();
    while (use().time_wait == 0) std::this_thread::yield();
    EXPECT_EQ(use().sockets, 1U);
    EXPECT_EQ(use().time_wait, 1U);
  });
}

TEST_P(PortUseTest, T13_counts_only_its_own_sources) {
  alone([&] {
    const bool v6 = to_.family() == AF_INET6;
    const Address here = *Address::parse(v6 ? "::1" : "127.0.0.1", 0);
    const Address elsewhere = *Address::parse(v6 ? "2001:db8::7" : "127.0.0.7", 0);
    const auto connection = connect(here);
    EXPECT_EQ(use({here}).sockets, 1U);
    EXPECT_EQ(use({elsewhere}).sockets, 0U);
    EXPECT_EQ(use({elsewhere, here}).sockets, 1U);
  });
}

TEST_P(PortUseTest, counts_more_than_one_datagram_tells) {
  alone([&] {
    std::vector<std::pair<Descriptor, Descriptor>> many;
    for (int each = 0; each < 400; ++each) many.push_back(connect());
    EXPECT_EQ(use().sockets, 400U);
  });
}

INSTANTIATE_TEST_SUITE_P(Of, PortUseTest, ::testing::Values("127.0.0.1", "::1"),
                         [](const auto& each) { return std::string(each.param) == "::1" ? "IPv6" : "IPv4"; });

TEST(LocalPortRange, is_what_the_kernel_says) {
  const auto range = local_port_range();
  ASSERT_TRUE(range) << range.error().text();
  EXPECT_LE(range->first, range->last);
  EXPECT_EQ(range->count(), static_cast<std::uint32_t>(range->last) - range->first + 1);
}

TEST(MayMeetItself, T3_only_at_an_address_of_ours_and_a_port_that_connections_come_from) {
  const bool ran = test::in_own_network("ipv4/ip_local_port_range", "50000 50009", [] {
    const auto at = [](const char* ip, std::uint16_t port) { return *Address::parse(ip, port); };
    for (const char* ip : {"127.0.0.1", "127.0.0.9", "0.0.0.0", "::1"}) {
      EXPECT_TRUE(may_meet_itself(at(ip, 50000), {})) << ip;
      EXPECT_TRUE(may_meet_itself(at(ip, 50009), {})) << ip;
      EXPECT_FALSE(may_meet_itself(at(ip, 49999), {})) << ip;
      EXPECT_FALSE(may_meet_itself(at(ip, 50010), {})) << ip;
    }
    EXPECT_FALSE(may_meet_itself(at("192.0.2.1", 50000), {})) << "it is somebody else's";
    const std::vector<Source> sources{at("127.0.0.1", 0), at("127.0.0.1", 80)};
    EXPECT_TRUE(may_meet_itself(at("127.0.0.1", 80), sources));
    EXPECT_FALSE(may_meet_itself(at("127.0.0.1", 81), sources));
    EXPECT_FALSE(may_meet_itself(*Address::unix_name("/run/x"), {}));
  });
  if (!ran) GTEST_SKIP() << "no network namespace of its own here";
}

}  // namespace
}  // namespace lastbyte::net
