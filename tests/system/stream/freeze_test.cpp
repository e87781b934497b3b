// T8: a process that was stopped (SIGSTOP, a paused container, a suspended machine) handles the events that came
// meanwhile before it lets a deadline pass.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>

#include <map>
#include <thread>

#include "tests/harness/crowd.h"
#include "tests/harness/datagrams.h"

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
