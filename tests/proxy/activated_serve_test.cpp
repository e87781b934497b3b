// Socket activation end to end: sockets at descriptor 3 and above, and LISTEN_FDS and the related variables, as systemd
// passes them.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>

#include "tests/proxy/daemon.h"

namespace lastbyte::proxy::test {
namespace {

/// For the child: puts `fd` where the service manager would.
void pass(int fd, const std::string& name) {
  ::dup2(fd, 3);  // without close-on-exec
  ::setenv("LISTEN_FDS", "1", 1);
  ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
  ::setenv("LISTEN_FDNAMES", name.c_str(), 1);
}

TEST(Activated, clients_of_a_passed_socket_are_served_by_every_number_of_workers) {
  for (const unsigned workers : {1U, 3U}) {
    const Descriptor upstream = listen_anywhere();
    Descriptor passed = listen_anywhere();
    const auto port = port_of(passed);
    auto config = forwarding_to(port_of(upstream));
    config.forwardings.front().listen.ports = net::Ports(port);
    config.workers = workers;
    Daemon daemon(config, [&] { pass(passed.get(), "lastbyte.socket"); });
    passed.close();
    EXPECT_EQ(daemon.port(), port);
    for (int each = 0; each < 20; ++each) {
      const Descriptor client = connect_to(port);
      send_all(client, "hello");
      ::shutdown(client.get(), SHUT_WR);
      EXPECT_EQ(receive_all(accept_one(upstream)), "hello");
    }
    daemon.signal(SIGTERM);
    EXPECT_EQ(daemon.exit_status(), 0);
  }
}

TEST(Activated, T14_a_passed_unix_socket_is_served_and_left_alone) {
  const Descriptor upstream = listen_anywhere();
  const auto name = net::Address::unix_name("@lastbyte-test-" + std::to_string(::getpid()));
  Descriptor passed(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::bind(passed.get(), name->data(), name->size()), 0);
  ASSERT_EQ(::listen(passed.get(), 8), 0);
  auto config = forwarding_to(port_of(upstream));
  config.forwardings.front().listen = {net::Transport::unix_stream, {}, {}, name->unix_name()};
  Daemon daemon(config, [&] { pass(passed.get(), "lastbyte.socket"); });
  EXPECT_NE(daemon.line_with("listening on"), "");
  const Descriptor client(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::connect(client.get(), name->data(), name->size()), 0);
  send_all(client, "hello");
  ::shutdown(client.get(), SHUT_WR);
  EXPECT_EQ(receive_all(accept_one(upstream)), "hello");
  daemon.signal(SIGTERM);
  EXPECT_EQ(daemon.exit_status(), 0);
}

TEST(Activated, a_socket_that_belongs_to_no_forwarding_starts_nothing) {
  const Descriptor passed = listen_anywhere();
  Daemon daemon(forwarding_to(9), [&] { pass(passed.get(), "stray"); });
  EXPECT_NE(daemon.line_with("stray").find("belongs to no forwarding"), std::string::npos);
  EXPECT_EQ(daemon.exit_status(), 1);
}

TEST(Activated, what_is_no_listening_socket_starts_nothing) {
  const Descriptor quiet(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  Daemon daemon(forwarding_to(9), [&] { pass(quiet.get(), "quiet"); });
  EXPECT_NE(daemon.line_with("quiet").find("neither a listening stream socket"), std::string::npos);
  EXPECT_EQ(daemon.exit_status(), 1);
}

TEST(Activated, T10_a_socket_of_mptcp_starts_nothing) {
  const Descriptor passed(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_MPTCP));
  if (!passed) GTEST_SKIP() << "this kernel has no MPTCP";
  ASSERT_EQ(::listen(passed.get(), 8), 0);
  Daemon daemon(forwarding_to(9), [&] { pass(passed.get(), "multipath"); });
  EXPECT_NE(daemon.line_with("multipath").find("it is not TCP"), std::string::npos);
  EXPECT_EQ(daemon.exit_status(), 1);
}

TEST(Activated, sockets_meant_for_another_process_are_left_alone) {
  const Descriptor upstream = listen_anywhere();
  const Descriptor passed = listen_anywhere();
  Daemon daemon(forwarding_to(port_of(upstream)), [&] {
    pass(passed.get(), "stray");
    ::setenv("LISTEN_PID", "1", 1);
  });
  EXPECT_NE(daemon.port(), 0);
}

}  // namespace
}  // namespace lastbyte::proxy::test
