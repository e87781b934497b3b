#include "kernel/proc/owner.h"

#include <gtest/gtest.h>

#include "tests/harness/own_network.h"

namespace lastbyte::kernel {
namespace {

TEST(Unit, is_the_innermost_of_the_cgroup) {
  EXPECT_EQ(unit_in_cgroup("0::/system.slice/nginx.service\n"), "nginx.service");
  EXPECT_EQ(unit_in_cgroup("0::/system.slice/system-getty.slice/getty@tty1.service\n"), "getty@tty1.service");
  EXPECT_EQ(unit_in_cgroup("0::/user.slice/user-1000.slice/user@1000.service/app.slice/a.scope\n"), "a.scope");
  EXPECT_EQ(unit_in_cgroup("0::/user.slice\n"), "");
  EXPECT_EQ(unit_in_cgroup("0::/\n"), "");
  EXPECT_EQ(unit_in_cgroup(""), "");
  EXPECT_EQ(unit_in_cgroup("12:cpu:/system.slice/x.service\n0::/\n"), "x.service");
}

TEST(NetworkNames, are_inodes_where_nobody_gave_a_name) {
  NetworkNames names;
  EXPECT_EQ(names.name(0), "-");
  const net::test::OwnNetwork network;
  if (!network) GTEST_SKIP() << "no network namespace of its own here";
  const std::uint32_t inode = network_inode(network.descriptor());
  EXPECT_NE(inode, 0U);
  EXPECT_NE(inode, own_network_inode());
  EXPECT_EQ(names.name(inode), "net:[" + std::to_string(inode) + "]");
}

}  // namespace
}  // namespace lastbyte::kernel
