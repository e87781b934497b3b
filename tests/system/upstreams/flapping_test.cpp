// Many sessions while members stop, start and reset: no session is lost that a member could have served, and without
// replay nothing is sent twice.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <thread>
#include <vector>

#include "tests/harness/proxy.h"
#include "tests/system/upstreams/member.h"

namespace lastbyte::system_test {
namespace {

constexpr std::size_t kMembers = 3;
constexpr std::size_t kClients = 8;

/// LASTBYTE_FLAPPING_SESSIONS makes it long.
std::size_t session_count() {
  const char* const wanted = std::getenv("LASTBYTE_FLAPPING_SESSIONS");
  return wanted == nullptr ? 1'000 : std::strtoull(wanted, nullptr, 10);
}

class Flapping : public testing::Test {
 protected:
  Flapping() {
    for (std::size_t index = 0; index < kMembers; ++index)
      members_.push_back(std::make_unique<TestMember>(std::string(1, static_cast<char>('a' + index))));
  }

  [[nodiscard]] std::string config(const std::string& retry) const {
    std::string list;
    for (const auto& member : members_) list += (list.empty() ? "'" : ", '") + member->endpoint() + "'";
    return "groups:\n  web: {members: [" + list + "], policy: random-two, check: {kind: tcp, period: 50ms}, ejection: {after: 3, "
           "time: 100ms, longest: 1s}, panic-below: 40%}\nforwardings:\n  - {name: front, listen: 'tcp:127.0.0.1:0', "
           "connect: 'group:web', limits: {connect: 20s}, retry: " + retry + "}\n";
  }

  /// One member after the other is away for a moment; the others serve.
  void flap(const std::atomic<bool>& done) {
    for (std::size_t turn = 0; !done; ++turn) {
      TestMember& member = *members_[turn % kMembers];
      member.stop();
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      member.start();
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }

  /// All sessions, kClients at a time. Returns how many had no answer.
  std::size_t play(Proxy& proxy) {
    const std::size_t count = session_count();
    std::atomic<std::size_t> next{0};
    std::atomic<std::size_t> lost{0};
    std::atomic<bool> done{false};
    std::thread flapper([&] { flap(done); });
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

  /// How often each line was read, by all members.
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
  const auto complete = std::ranges::count_if(records, [](const Record& record) { return record.complete; });
  EXPECT_EQ(static_cast<std::size_t>(complete), session_count()) << "records agree with the clients";
  EXPECT_EQ(served(), session_count()) << "and with the servers";
}

TEST_F(Flapping, T3_without_replay_nothing_is_sent_twice) {
  Proxy proxy(members_.front()->address(), {.config = config("{retry-on: connect-failure}")});
  const std::size_t lost = play(proxy);
  for (const auto& [line, times] : seen()) EXPECT_EQ(times, 1) << line;
  const auto records = proxy.records(session_count());
  std::size_t failed = 0;
  for (const Record& record : records) {
    if (record.complete) continue;
    ++failed;
    // Only a member that had taken the connection can lose it: what could not be connected was tried again.
    EXPECT_GE(record.connect_us, 0) << record.line;
  }
  EXPECT_EQ(failed, lost) << "records agree with the clients";
}

}  // namespace
}  // namespace lastbyte::system_test
