// How the daemon sends (setting `io`), where the kernel allows io_uring, and where a seccomp profile forbids it, as in
// containers.
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <vector>

#include "loop/send_ring.h"
#include "tests/proxy/daemon.h"

namespace lastbyte::proxy::test {
namespace {

/// Makes the system call fail with EPERM in this process from now on.
void forbid(int call) {
  const std::array<sock_filter, 4> program{{BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
                                            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(call), 0, 1),
                                            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
                                            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)}};
  const sock_fprog filter{.len = program.size(), .filter = const_cast<sock_filter*>(program.data())};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0)
    std::abort();
}

config::Config sending_by(config::Io io, const Descriptor& upstream) {
  config::Config config = forwarding_to(port_of(upstream));
  config.io = io;
  return config;
}

/// Plays many sessions that all send at once.
void converse(Daemon& daemon, const Descriptor& upstream) {
  const std::uint16_t port = daemon.port();
  struct Conversation {
    Descriptor client;
    Descriptor server;
  };
  std::vector<Conversation> sessions;
  for (int i = 0; i < 20; ++i) {
    Descriptor client = connect_to(port);
    sessions.push_back({std::move(client), accept_one(upstream)});
  }
  daemon.signal(SIGSTOP);
  for (const Conversation& each : sessions) send_all(each.client, "question");
  daemon.signal(SIGCONT);
  for (Conversation& each : sessions) {
    ::shutdown(each.client.get(), SHUT_WR);
    EXPECT_EQ(receive_all(each.server), "question");
    send_all(each.server, "answer");
    each.server.close();
    EXPECT_EQ(receive_all(each.client), "answer");
  }
}

void stop(Daemon& daemon) {
  daemon.signal(SIGTERM);
  EXPECT_EQ(daemon.exit_status(), 0);
}

TEST(IoUring, auto_goes_without_where_a_seccomp_profile_forbids_it_and_says_so) {
  for (const auto& [call, name] :
       {std::pair(SYS_io_uring_setup, "io_uring_setup"), std::pair(SYS_io_uring_enter, "io_uring_enter")}) {
    if (call == SYS_io_uring_enter && !loop::make_send_ring()) continue;  // this kernel has no io_uring anyway
    const Descriptor upstream = listen_anywhere();
    Daemon daemon(sending_by(config::Io::automatic, upstream), [&] { forbid(static_cast<int>(call)); });
    converse(daemon, upstream);
    const std::string line = daemon.line_with("sending by ");
    EXPECT_NE(line.find("sending by epoll, chosen by io: auto (" + std::string(name) +
                        ": Operation not permitted (EPERM): "
                        "kernel.io_uring_disabled or a seccomp profile forbids it)"),
              std::string::npos)
        << line;
    stop(daemon);
  }
}

TEST(IoUring, is_an_error_at_the_start_where_a_seccomp_profile_forbids_it) {
  const Descriptor upstream = listen_anywhere();
  Daemon daemon(sending_by(config::Io::io_uring, upstream), [] { forbid(SYS_io_uring_setup); });
  EXPECT_EQ(daemon.exit_status(), 1);
  const auto lines = daemon.all_lines();
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_NE(lines[0].find(
                "error: io: io-uring: io_uring_setup: Operation not permitted (EPERM): kernel.io_uring_disabled or a "
                "seccomp profile forbids it; use io: auto to start without it"),
            std::string::npos)
      << lines[0];
}

TEST(IoUring, serves_many_sessions_that_speak_at_once) {
  if (const auto ring = loop::make_send_ring(); !ring) GTEST_SKIP() << ring.error().text();
  for (const auto& [io, story] : {std::pair(config::Io::io_uring, "sending by io-uring"),
                                  std::pair(config::Io::automatic, "sending by io-uring, chosen by io: auto")}) {
    const Descriptor upstream = listen_anywhere();
    Daemon daemon(sending_by(io, upstream));
    converse(daemon, upstream);
    EXPECT_TRUE(daemon.line_with("sending by ").ends_with(story));
    stop(daemon);
  }
}

}  // namespace
}  // namespace lastbyte::proxy::test
