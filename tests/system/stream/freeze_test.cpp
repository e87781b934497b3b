// T8: a process that was stopped (SIGSTOP, a paused container, a suspended machine) handles the events that came
// meanwhile before it lets a deadline pass.
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <thread>

#include "tests/harness/crowd.h"
#include "tests/harness/datagrams.h"
#include "tests/harness/loopback.h"

namespace lastbyte::system_test {
namespace {

/// Long enough for a busy machine to connect and serve all clients of a test within it.
constexpr milliseconds kLimit{3000};

/// Stops the process, calls `meanwhile`, and continues the process after the limit.
template <typename Meanwhile>
void frozen(Proxy& proxy, Meanwhile meanwhile) {
  proxy.process().signal(SIGSTOP);
  const std::string stat = "/proc/" + std::to_string(proxy.process().pid()) + "/stat";
  ASSERT_TRUE(eventually([&] { return read_file(stat).find(") T ") != std::string::npos; }));
  const auto until = std::chrono::steady_clock::now() + kLimit + milliseconds(500);
  meanwhile();
  std::this_thread::sleep_until(until);
  proxy.process().signal(SIGCONT);
}

/// More sessions than one epoll_wait() reports.
constexpr std::size_t kSessions = 600;

TEST(Freeze, T8_bytes_that_came_meanwhile_keep_their_sessions_alive) {
  const EchoServer server;
  // One worker, so that it has all events.
  Proxy proxy(server.address(), {"--workers", "1", "--limits-idle", "3s"});
  std::vector<Descriptor> crowd = connect_crowd(proxy.address(), affordable_sessions(kSessions));
  converse(crowd);
  frozen(proxy, [&] {
    for (const Descriptor& each : crowd) ASSERT_EQ(::send(each.get(), "0123456789abcdef", 16, MSG_NOSIGNAL), 16);
  });
  std::size_t answered = 0;
  for (const Descriptor& each : crowd) {
    std::array<char, 16> answer{};
    answered += ::recv(each.get(), answer.data(), answer.size(), MSG_WAITALL) == 16 ? 1U : 0U;
  }
  EXPECT_EQ(answered, crowd.size());
}

TEST(Freeze, T8_a_session_that_nothing_came_for_is_given_up_all_the_same) {
  const EchoServer server;
  Proxy proxy(server.address(), {"--workers", "1", "--limits-idle", "3s"});
  const std::vector<Descriptor> crowd = connect_crowd(proxy.address(), 1);
  converse(crowd);
  frozen(proxy, [] {});
  const Record record = proxy.record();
  EXPECT_EQ(record.limit, "idle") << record.line;
}

/// Delays the process's next recvfrom(2), by strace(1).
class DelayedReceive {
 public:
  DelayedReceive(Proxy& proxy, milliseconds delay)
      : strace_(Command{.arguments = {"strace", "-f", "-qq", "-o", "/dev/null", "-p",
                                      std::to_string(proxy.process().pid()), "-e", "trace=recvfrom", "-e",
                                      "inject=recvfrom:when=1:delay_enter=" + std::to_string(delay.count()) + "ms"}}) {
    const std::string tasks = "/proc/" + std::to_string(proxy.process().pid()) + "/task";
    attached_ = eventually([&] {
                  if (!strace_.running()) return true;
                  const std::filesystem::directory_iterator all(tasks);
                  return std::ranges::all_of(all, [](const auto& each) {
                    return read_file(each.path() / "status").find("TracerPid:\t0") == std::string::npos;
                  });
                }) &&
                strace_.running();
  }
  [[nodiscard]] bool attached() const { return attached_; }

 private:
  Process strace_;
  bool attached_ = false;
};

/// The worker reads the clock, is delayed ahead of reading, and then reads bytes that are newer than its clock.
TEST(Freeze, T8_bytes_that_came_between_the_clock_and_the_read_keep_their_session_alive) {
  const Descriptor listening = net::test::listener();
  Proxy proxy(net::local_address(listening.get()), {"--workers", "1", "--limits-idle", "3s"});
  const Descriptor client = net::test::connect_to(proxy.address());
  const Descriptor server = net::test::accept_one(listening);
  ASSERT_TRUE(net::test::send_all(client, "a"));
  ASSERT_EQ(net::test::receive(server, 1), "1");
  const DelayedReceive delayed(proxy, kLimit + milliseconds(1500));
  if (!delayed.attached()) GTEST_SKIP() << "strace may not trace another process here";
  ASSERT_TRUE(net::test::send_all(client, "b"));
  std::this_thread::sleep_for(kLimit);
  ASSERT_TRUE(net::test::send_all(client, "c"));
  ASSERT_EQ(net::test::receive(server, 1), "2") << "both came with one read";
  pollfd end{.fd = client.get(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(::poll(&end, 1, 500), 0) << "the session was ended 1.5 s after bytes came";
}

TEST(Freeze, T8_datagrams_that_came_meanwhile_are_delivered) {
  constexpr std::size_t kClients = 100;
  const UdpSocket upstream;
  Proxy proxy(upstream.address(),
              udp_options({udp_forwarding(kLoopback, upstream.address(), {"limits: {datagram-idle: 3s}"})},
                          {"--workers", "1"}));
  std::vector<UdpSocket> clients;
  std::map<std::string, net::Address> sessions;
  for (std::size_t number = 0; number < kClients; ++number) {
    clients.emplace_back().send(proxy.address(), std::to_string(number));
    const auto question = upstream.receive();
    ASSERT_TRUE(question);
    sessions.emplace(question->bytes, question->from);
  }
  frozen(proxy, [&] {
    for (const auto& [number, from] : sessions) upstream.send(from, number);
  });
  std::size_t answered = 0;
  for (std::size_t number = 0; number < clients.size(); ++number) {
    const auto answer = clients[number].receive();
    answered += answer && answer->bytes == std::to_string(number) ? 1U : 0U;
  }
  EXPECT_EQ(answered, kClients);
}

}  // namespace
}  // namespace lastbyte::system_test
