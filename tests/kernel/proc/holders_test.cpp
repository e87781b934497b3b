// Finds the process that holds a socket, by /proc.
#include "kernel/proc/holders.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "tests/harness/loopback.h"

namespace lastbyte::kernel {
namespace {

std::uint32_t inode_of(const Descriptor& socket) {
  struct stat found{};
  EXPECT_EQ(::fstat(socket.get(), &found), 0);
  return static_cast<std::uint32_t>(found.st_ino);
}

TEST(Holders, of_a_socket_are_found_by_its_inode) {
  const Descriptor socket = net::test::listener();
  const auto pid = static_cast<std::uint32_t>(::getpid());
  const auto mine = socket_descriptors(pid);
  ASSERT_TRUE(mine) << mine.error().text();
  const auto found = std::ranges::find(*mine, socket.get(), &SocketDescriptor::descriptor);
  ASSERT_NE(found, mine->end());
  EXPECT_EQ(found->inode, inode_of(socket));
  const auto holders = socket_holders();
  ASSERT_TRUE(holders.pid_of_inode.contains(inode_of(socket)));
  EXPECT_EQ(holders.pid_of_inode.at(inode_of(socket)), pid);
  EXPECT_EQ(comm_of(pid), "kernel_test");
}

TEST(Holders, of_what_is_no_process_are_an_error) {
  EXPECT_EQ(socket_descriptors(2'147'483'647).error().code, ENOENT);
  EXPECT_EQ(comm_of(2'147'483'647), "");
}

}  // namespace
}  // namespace lastbyte::kernel
