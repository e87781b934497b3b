// What is read from /proc, and what peers tell of themselves.
#include "check/proc.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <set>
#include <thread>
#include <vector>

#include "base/descriptor.h"
#include "check/observed.h"
#include "check/peer.h"
#include "check/process.h"
#include "check/scratch.h"

namespace lastbyte::check {
namespace {

bool comes_true(const std::function<bool()>& condition) {
  const TimePoint until = Clock::now() + Duration(10'000);
  while (!condition()) {
    if (Clock::now() > until) return false;
    std::this_thread::sleep_for(Duration(2));
  }
  return true;
}

TEST(Proc, sockets_are_counted_and_other_files_are_not) {
  const auto before = weigh_process(::getpid());
  ASSERT_TRUE(before);
  const Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const Descriptor unix_socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const Descriptor file(::dup(2));
  EXPECT_EQ(weigh_process(::getpid())->sockets, before->sockets + 2);
}

TEST(Proc, memory_that_is_touched_is_weighed) {
  // Another program, which no sanitizer gives memory of its own. It has read a block of 64 MiB into its memory, and
  // waits for a reader of what it writes.
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
  const auto script = parse_script("read");
  const auto directory = ScratchDirectory::make();
  const net::Address path = *net::Address::unix_name(directory->file("socket"));
  EXPECT_FALSE(listens(0, path));
  net::Address port;
  {
    const auto tcp = Server::start(*script, {}, std::nullopt);
    const auto local = Server::start(*script, {}, std::nullopt, path);
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
  // Not each time: the table is read while the connections of all other tests come and go in it.
  bool seen_once = false;
  for (int round = 0; round < 5 && !seen_once; ++round) {
    auto server = Server::start(*parse_script("expect fin; close"));
    ASSERT_TRUE(server);
    Client client(server->address(), *parse_script("shutdown; expect fin; close"));
    const Observed seen = client.wait();
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

Observed connected() {
  Observed seen;
  seen.connected = true;
  return seen;
}

TEST(Observed, a_reset_is_an_error_without_a_fin_before_it) {
  Observed seen = connected();
  EXPECT_FALSE(seen.reset());
  for (const int error : {ECONNRESET, EPIPE}) {
    seen.error = error;
    EXPECT_TRUE(seen.reset());
  }
  seen.fin = true;
  EXPECT_FALSE(seen.reset());
  seen = connected();
  seen.error = ETIMEDOUT;
  EXPECT_FALSE(seen.reset());
}

TEST(Observed, as_scripted_means_every_step_in_time_with_the_right_bytes) {
  Observed seen = connected();
  seen.steps = {{.text = "send 1"}, {.text = "expect fin"}};
  EXPECT_TRUE(seen.as_scripted());
  EXPECT_FALSE(Observed{}.as_scripted());  // not connected
  Observed late = seen;
  late.timed_out = true;
  EXPECT_FALSE(late.as_scripted());
  Observed wrong = seen;
  wrong.first_wrong = 0;
  EXPECT_FALSE(wrong.as_scripted());
  seen.steps[1].failure = "no";
  EXPECT_FALSE(seen.as_scripted());
}

TEST(Observed, tells_when_a_step_ended) {
  Observed seen = connected();
  seen.steps = {{.text = "send 1", .began = Elapsed(1), .ended = Elapsed(2)},
                {.text = "send 1", .began = Elapsed(3), .ended = Elapsed(4)}};
  EXPECT_EQ(seen.ended("send 1"), Elapsed(2));
  EXPECT_FALSE(seen.ended("close"));
}

TEST(Observed, is_told_in_full) {
  Observed seen = connected();
  seen.local = *net::Address::parse("127.0.0.1", 1);
  seen.remote = *net::Address::parse("127.0.0.1", 2);
  seen.sent = 10;
  seen.unacknowledged = 3;
  seen.received = 20;
  seen.unread = 4;
  seen.fin = true;
  seen.fin_at = Elapsed(5000);
  seen.error = EPIPE;
  seen.error_at = Elapsed(7000);
  seen.first_wrong = 9;
  seen.header = true;
  seen.told = *net::Address::parse("192.0.2.1", 3);
  seen.steps = {{.text = "send 10", .began = Elapsed(0), .ended = Elapsed(2000), .failure = "no"}};
  EXPECT_EQ(seen.text(),
            "127.0.0.1:1 -> 127.0.0.1:2: sent 10 (3 unacknowledged), received 20 (4 more unread), FIN at 5ms, EPIPE at "
            "7ms, PROXY header of 192.0.2.1:3, wrong from byte 9\n  0ms to 2ms  send 10: no\n");
}

TEST(Meetings, count_and_wake) {
  Meeting meeting;
  Wakeup wakeup;
  meeting.join(wakeup);
  EXPECT_EQ(meeting.count("go"), 0U);
  meeting.signal("go");
  meeting.signal("go");
  EXPECT_EQ(meeting.count("go"), 2U);
  EXPECT_EQ(meeting.count("stop"), 0U);
  std::uint64_t raised = 0;
  EXPECT_EQ(::read(wakeup.fd(), &raised, sizeof raised), static_cast<ssize_t>(sizeof raised));
  EXPECT_EQ(raised, 2U);
  meeting.leave(wakeup);
  meeting.signal("go");
  EXPECT_EQ(::read(wakeup.fd(), &raised, sizeof raised), -1);
}

}  // namespace
}  // namespace lastbyte::check
