#include "kernel/proc/sysctls.h"

#include <gtest/gtest.h>

#include <array>
#include <fstream>

#include "net/namespace/enter.h"
#include "tests/harness/own_network.h"

namespace lastbyte::kernel {
namespace {

TEST(Sysctls, give_numbers_where_there_are_numbers) {
  const Sysctls sysctls({{"one", "7"}, {"three", "4096\t131072\t6291456"}, {"word", "cubic"}, {"mixed", "1 two"}});
  EXPECT_EQ(sysctls.number("one"), 7);
  EXPECT_EQ(sysctls.number("three"), std::nullopt);
  EXPECT_EQ(sysctls.numbers("three"), (std::vector<std::int64_t>{4096, 131072, 6291456}));
  EXPECT_EQ(sysctls.text("word"), "cubic");
  EXPECT_EQ(sysctls.number("word"), std::nullopt);
  EXPECT_TRUE(sysctls.numbers("mixed").empty());
  EXPECT_EQ(sysctls.number("absent"), std::nullopt);
  EXPECT_EQ(sysctls.text("absent"), std::nullopt);
}

TEST(Sysctls, are_read_in_the_namespace_asked_for) {
  const net::test::OwnNetwork network;
  if (!network) GTEST_SKIP() << "no network namespace of its own here";
  constexpr std::array<std::string_view, 3> kNames{"net.ipv4.tcp_fin_timeout", "net.ipv4.ip_local_port_range",
                                                   "net.ipv4.no_such_setting"};
  const auto outside = read_sysctls(kNames);
  ASSERT_TRUE(outside) << outside.error().text();
  bool written = false;
  ASSERT_TRUE(net::run_inside(network.descriptor(), [&] {
    std::ofstream file("/proc/sys/net/ipv4/tcp_fin_timeout");
    file << 17 << std::flush;
    written = file.good();
  }));
  if (!written) GTEST_SKIP() << "no setting may be changed here";
  const auto inside = read_sysctls(kNames, network.descriptor());
  ASSERT_TRUE(inside) << inside.error().text();
  EXPECT_EQ(inside->number("net.ipv4.tcp_fin_timeout"), 17);
  EXPECT_EQ(inside->numbers("net.ipv4.ip_local_port_range").size(), 2U);
  EXPECT_EQ(inside->text("net.ipv4.no_such_setting"), std::nullopt);
  const auto still = read_sysctls(kNames);
  EXPECT_EQ(still->all(), outside->all());
}

}  // namespace
}  // namespace lastbyte::kernel
