// Many sessions while members stop, start and reset. No session is lost that a member could have served; without
// replay, nothing is sent twice.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/harness/proxy.h"
#include "tests/probe/harness/dns_server.h"
#include "tests/system/upstreams/member.h"

namespace lastbyte::system_test {
namespace {

constexpr std::size_t kMembers = 3;
constexpr std::size_t kClients = 8;

/// LASTBYTE_FLAPPING_SESSIONS makes the test longer.
std::size_t session_count() {
  const char* const wanted = std::getenv("LASTBYTE_FLAPPING_SESSIONS");
  return wanted == nullptr ? 1'000 : std::strtoull(wanted, nullptr, 10);
}

class Flapping : public testing::Test {
 protected:
  /// The members are on 127.0.0.2 and following, with one port.
  Flapping() {
    std::uint16_t port = 0;
    for (std::size_t index = 0; index < kMembers; ++index) {
      members_.push_back(std::make_unique<TestMember>(std::string(1, static_cast<char>('a' + index)),
                                                      "127.0.0." + std::to_string(index + 2), port));
      port = members_.front()->address().port();
    }
  }

  [[nodiscard]] std::string config(const std::string& retry) const {
    std::string list;
    for (const auto& member : members_) list += (list.empty() ? "'" : ", '") + member->endpoint() + "'";
    return "groups:\n  web: {members: [" + list +
           "], policy: random-two, check: {kind: tcp, period: 50ms}, ejection: {after: 3, "
           "time: 100ms, longest: 1s}, panic-below: 40%}\nforwardings:\n  - {name: front, listen: 'tcp:127.0.0.1:0', "
           "connect: 'group:web', limits: {connect: 20s}, retry: " +
           retry + "}\n";
  }

  /// Stops one member after another for a moment, while the others serve.
  void flap(const std::atomic<bool>& done, const std::function<void()>& each_turn) {
    for (std::size_t turn = 0; !done; ++turn) {
      each_turn();
      TestMember& member = *members_[turn % kMembers];
      member.stop();
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      member.start();
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }

  /// Plays all sessions, kClients at a time. Returns the number without an answer.
  std::size_t play(Proxy& proxy, const std::function<void()>& turn = [] {}) {
    const std::size_t count = session_count();
    std::atomic<std::size_t> next{0};
    std::atomic<std::size_t> lost{0};
    std::atomic<bool> done{false};
    std::thread flapper([&] { flap(done, turn); });
    std::vector<std::thread> clients;
    for (std::size_t client = 0; client < kClients; ++client) {
      clients.emplace_back([&] {
        for (std::size_t number = next++; number < count; number = next++) {
          const std::string line = std::to_string(number);
          if (!ask(proxy.address(), line).starts_with(line + " ")) ++lost;
        }
      });
    }
    for (std::thread& client : clients) client.join();
    done = true;
    flapper.join();
    return lost;
  }

  /// Expects that every record is complete; prints those that are not.
  static void expect_all_complete(const std::vector<Record>& records) {
    EXPECT_EQ(records.size(), session_count());
    for (const Record& record : records) EXPECT_TRUE(record.complete) << record.line;
  }

  /// Returns how often all members together have read each line.
  [[nodiscard]] std::map<std::string, int> seen() const {
    std::map<std::string, int> all;
    for (const auto& member : members_)
      for (const auto& [line, times] : member->seen()) all[line] += times;
    return all;
  }

  [[nodiscard]] std::size_t served() const {
    std::size_t all = 0;
    for (const auto& member : members_) all += member->served();
    return all;
  }

  std::vector<std::unique_ptr<TestMember>> members_;
};

TEST_F(Flapping, T3_with_replay_no_session_is_lost) {
  Proxy proxy(members_.front()->address(),
              {.config = config("{retry-on: [connect-failure, reset], replay: 64k, attempts: 10, budget: 100%}")});
  EXPECT_EQ(play(proxy), 0U);
  EXPECT_EQ(seen().size(), session_count());
  const auto records = proxy.records(session_count());
  expect_all_complete(records);
  EXPECT_EQ(served(), session_count()) << "and with the servers";
}

TEST_F(Flapping, T3_with_replay_no_session_is_lost_while_the_dns_changes) {
  if (!probe::test::DnsServer::possible()) GTEST_SKIP() << "knot is not installed";
  probe::test::DnsServer dns("a 1 A 127.0.0.2\na 1 A 127.0.0.3\na 1 A 127.0.0.4");
  const std::string port = std::to_string(members_.front()->address().port());
  Proxy proxy(
      members_.front()->address(),
      {.config = "forwardings:\n  - {name: front, listen: 'tcp:127.0.0.1:0', connect: 'tcp:a.example:" + port +
                 "', limits: {connect: 20s}, names: {resolver: dns, ttl-min: 1s, servers: ['" + dns.address().text() +
                 "']}, retry: {retry-on: [connect-failure, reset], replay: 64k, attempts: 10, budget: 100%}}\n"});
  // The DNS answer has two of the three members at a time.
  std::size_t turn = 0;
  const auto change = [&] {
    std::string records;
    for (std::size_t index = 0; index < kMembers; ++index)
      if (index != turn % kMembers) records += "a 1 A 127.0.0." + std::to_string(index + 2) + "\n";
    dns.set(records);
    ++turn;
  };
  EXPECT_EQ(play(proxy, change), 0U);
  const auto records = proxy.records(session_count());
  expect_all_complete(records);
  EXPECT_EQ(served(), session_count());
}

TEST_F(Flapping, T3_without_replay_nothing_is_sent_twice) {
  Proxy proxy(members_.front()->address(), {.config = config("{retry-on: connect-failure}")});
  const std::size_t lost = play(proxy);
  for (const auto& [line, times] : seen()) EXPECT_EQ(times, 1) << line;
  const auto records = proxy.records(session_count());
  std::size_t failed = 0;
  std::size_t unconnected = 0;
  for (const Record& record : records) {
    if (record.complete) continue;
    ++failed;
    if (record.connect_us < 0) ++unconnected;
  }
  EXPECT_EQ(unconnected, 0U) << "a failed connect is tried again; only a member that took the connection can lose it";
  EXPECT_EQ(failed, lost) << "records agree with the clients";
}

}  // namespace
}  // namespace lastbyte::system_test
