// Facts that are read from /proc.
#include "process/proc.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <set>
#include <thread>

#include "base/descriptor.h"
#include "peers/peer.h"
#include "process/eventually.h"
#include "process/process.h"
#include "process/scratch.h"

namespace lastbyte::process {
namespace {

bool comes_true(const std::function<bool()>& condition) { return eventually(condition, Duration(10'000)); }

TEST(Proc, sockets_are_counted_and_other_files_are_not) {
  const auto before = weigh_process(::getpid());
  ASSERT_TRUE(before);
  const Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const Descriptor unix_socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const Descriptor file(::dup(2));
  EXPECT_EQ(weigh_process(::getpid())->sockets, before->sockets + 2);
}

TEST(Proc, memory_that_is_touched_is_weighed) {
  // The process must be another program, because sanitizers add no memory to it. It has read a block of 64 MiB into its
  // memory, and waits for a reader of its output.
  const auto process = Process::start({"sh", "-c", "dd if=/dev/zero bs=64M count=1 | sleep 60"}, -1);
  ASSERT_TRUE(process);
  EXPECT_TRUE(comes_true([&] {
    const auto group = weigh_group(process->pid());
    return group && group->resident_kib > (64U << 10);
  }));
}

TEST(Proc, a_group_is_weighed_with_all_its_members) {
  const auto process = Process::start({"sh", "-c", "sleep 60 & sleep 60"}, -1);
  ASSERT_TRUE(process);
  EXPECT_TRUE(comes_true([&] {
    const auto group = weigh_group(process->pid());
    const auto one = weigh_process(process->pid());
    return group && one && group->resident_kib > one->resident_kib;
  }));
}

TEST(Proc, who_is_not_there_has_no_weight) {
  EXPECT_FALSE(weigh_process(0x3fffffff));
  EXPECT_FALSE(weigh_group(0x3fffffff));
}

TEST(Proc, listeners_are_found_by_port_and_by_path) {
  const auto script = peers::parse_script("read");
  const auto directory = ScratchDirectory::make();
  const net::Address path = *net::Address::unix_name(directory->file("socket"));
  EXPECT_FALSE(listens(0, path));
  net::Address port;
  {
    const auto tcp = peers::Server::start(*script, {}, std::nullopt);
    const auto local = peers::Server::start(*script, {}, std::nullopt, path);
    ASSERT_TRUE(tcp && local);
    port = tcp->address();
    EXPECT_TRUE(listens(0, port));
    EXPECT_TRUE(listens(::getpid(), port));
    EXPECT_TRUE(listens(0, path));
    EXPECT_FALSE(listens(0, *net::Address::unix_name(directory->file("other"))));
  }
  EXPECT_FALSE(listens(0, port));
  EXPECT_FALSE(listens(0, path));
}

TEST(Proc, T13_time_wait_is_seen_at_the_side_that_closed_first) {
  // One round may miss it: the table is read while the connections of all other tests change it.
  bool seen_once = false;
  for (int round = 0; round < 5 && !seen_once; ++round) {
    auto server = peers::Server::start(*peers::parse_script("expect fin; close"));
    ASSERT_TRUE(server);
    peers::Client client(server->address(), *peers::parse_script("shutdown; expect fin; close"));
    const peers::Observed seen = client.wait();
    EXPECT_FALSE(in_time_wait(seen.remote, seen.local));
    for (int look = 0; look < 20 && !seen_once; ++look) {
      seen_once = in_time_wait(seen.local, seen.remote);
      if (!seen_once) std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  }
  EXPECT_TRUE(seen_once);
}

TEST(Proc, unused_ports_are_given_once) {
  std::set<std::uint16_t> ports;
  for (int i = 0; i < 100; ++i) {
    const std::uint16_t port = unused_port();
    EXPECT_NE(port, 0);
    EXPECT_TRUE(ports.insert(port).second) << port;
    EXPECT_FALSE(listens(0, *net::Address::parse("127.0.0.1", port)));
  }
}

}  // namespace
}  // namespace lastbyte::process
