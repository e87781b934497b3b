// T12 and T11 with crowds that connect, end, wait and reset at any moment.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <random>
#include <set>
#include <thread>

#include "net/socket/calls.h"
#include "net/tcp/connect.h"
#include "tests/harness/scene.h"

namespace lastbyte::system_test {
namespace {

constexpr std::uint64_t kTransfer = 20 * 1024 * 1024;

/// The script of a client that is served until `go`.
constexpr const char* kServed = "recv 1; signal in; await go; shutdown; expect fin";

bool all_gone(Proxy& proxy) {
  return eventually([&] { return proxy.process().sockets() == proxy.sockets_at_start(); });
}

/// Resets at most 300 us after its SYN: before the accept, while the upstream is being connected, or right after that.
void reset_soon(const net::Address& to, std::mt19937& random) {
  auto connecting = net::connect_tcp(to, {}, {});
  ASSERT_TRUE(connecting) << connecting.error().text();
  const auto moment = Clock::now() + std::chrono::microseconds(random() % 300);
  while (Clock::now() < moment) std::this_thread::yield();
  net::reset_and_close(connecting->socket);
}

/// A transfer in both directions, and disturbances in the same worker.
class ATransfer : public ::testing::Test {
 protected:
  void undisturbed_by(const std::string& server_text, const std::function<void(const net::Address&)>& disturb) {
    PeerOptions options;
    options.limit = std::chrono::seconds(60);
    Server calm_server = start_server("recv 20M | send 20M; expect fin; close", options);
    Server server = start_server(server_text, options, std::nullopt);
    Proxy::Options settings;
    settings.flags = {"--workers", "1"};
    settings.config = "forwardings:\n  - listen: tcp:127.0.0.1:0\n    connect: tcp:" + calm_server.address().text() +
                      "\n  - listen: tcp:127.0.0.2:0\n    connect: tcp:" + server.address().text() + "\n";
    Proxy proxy(server.address(), settings);
    Client calm(proxy.address(0), script("send 20M by 64K every 5ms | recv 20M; shutdown; expect fin"), options);
    disturb(proxy.address(1));
    EXPECT_TRUE(calm.wait().as_scripted()) << calm.wait().text();
    EXPECT_TRUE(calm_server.wait().at(0).as_scripted()) << calm_server.wait().at(0).text();
    server.stop();
    EXPECT_TRUE(all_gone(proxy));
    // Records are written a moment after the sockets are closed.
    EXPECT_TRUE(eventually([&] {
      return std::ranges::any_of(proxy.records_so_far(), [](const Record& each) {
        return each.complete && each.client.delivered == kTransfer && each.upstream.delivered == kTransfer;
      });
    }));
  }
};

TEST_F(ATransfer, T12_is_not_disturbed_by_garbage) {
  const std::vector<std::string> kinds{
      "send 3 by 1; close", "send 30K; reset",          "shutdown; reset",
      "send 100K; close",   "flood | sleep 3ms; reset", "send 7; shutdown; recv 1; close",
      "recv 1; close",      "recv 100; close-unread"};
  undisturbed_by("send 10K by 1K | read", [&](const net::Address& to) {
    for (std::size_t done = 0; done < 320;) {
      std::vector<Client> flood;
      for (int i = 0; i < 16; ++i) flood.emplace_back(to, script(kinds[done++ % kinds.size()]));
      for (Client& client : flood) client.wait();
    }
  });
}

TEST_F(ATransfer, T12_is_not_disturbed_by_resets_while_connecting) {
  std::mt19937 random(20'26);
  undisturbed_by("read", [&](const net::Address& to) {
    for (int done = 0; done < 3000; ++done) reset_soon(to, random);
  });
}

class Places : public ::testing::Test {
 protected:
  Places() { options_.meeting = &meeting_; }

  bool in(std::uint32_t count) {
    return eventually([&] { return meeting_.count("in") == count; });
  }
  static void expect_as_scripted(std::vector<Client>& clients) {
    for (Client& client : clients) EXPECT_TRUE(client.wait().as_scripted()) << client.wait().text();
  }

  Meeting meeting_;
  PeerOptions options_;
};

TEST_F(Places, T12_of_sessions_are_not_taken_by_clients_that_reset_while_they_wait) {
  Server server = start_server("send 1; expect fin; close", options_, std::nullopt);
  Proxy proxy(server.address(), {"--max-sessions", "2", "--workers", "1"});
  std::vector<Client> served;
  for (int i = 0; i < 2; ++i) served.emplace_back(proxy.address(), script(kServed), options_);
  ASSERT_TRUE(in(2));
  std::vector<Client> gone;
  std::vector<Client> waiting;
  for (int i = 0; i < 50; ++i) {
    gone.emplace_back(proxy.address(), script(i % 2 == 0 ? "reset" : "send 100; reset"));
    waiting.emplace_back(proxy.address(), script("recv 1; shutdown; expect fin"));
  }
  for (Client& client : gone) client.wait();
  EXPECT_EQ(server.accepted(), 2U);
  meeting_.signal("go");
  expect_as_scripted(served);
  expect_as_scripted(waiting);
  EXPECT_TRUE(all_gone(proxy));
  server.stop();
}

TEST_F(Places, T12_of_a_client_are_not_lost_in_a_storm) {
  Server server = start_server("send 1; expect fin; close", options_, std::nullopt);
  Proxy proxy(server.address(), {"--max-sessions-per-client", "3", "--workers", "1"});
  std::mt19937 random(7);
  for (int done = 0; done < 500; ++done) reset_soon(proxy.address(), random);
  // A client that is served has waited behind the whole storm.
  EXPECT_TRUE(
      eventually([&] { return Client(proxy.address(), script("recv 1; shutdown; expect fin")).wait().as_scripted(); }));
  EXPECT_TRUE(all_gone(proxy));
  std::vector<Client> served;
  for (int i = 0; i < 3; ++i) served.emplace_back(proxy.address(), script(kServed), options_);
  ASSERT_TRUE(in(3));
  Client fourth(proxy.address(), script("read"));
  EXPECT_TRUE(fourth.wait().reset()) << fourth.wait().text();
  meeting_.signal("go");
  expect_as_scripted(served);
  server.stop();
}

TEST(RecordOfASession, T11_are_neither_lost_nor_torn_nor_doubled_when_the_log_is_rotated_under_load) {
  constexpr int kRotations = 20;
  Server server = start_server("expect fin; close", {}, std::nullopt);
  TemporaryDirectory directory;
  const std::string log = directory.file("records");
  Proxy proxy(server.address(), {"--log-target", log});
  std::size_t sessions = 0;
  for (int rotation = 0; rotation < kRotations; ++rotation) {
    std::vector<Client> clients;
    for (int i = 0; i < 10; ++i, ++sessions) clients.emplace_back(proxy.address(), script("shutdown; expect fin"));
    ASSERT_TRUE(eventually([&] { return std::filesystem::exists(log); }));
    std::filesystem::rename(log, log + "." + std::to_string(rotation));
    proxy.process().signal(SIGUSR1);
    for (Client& client : clients) client.wait();
  }
  proxy.stop();
  std::set<std::uint64_t> numbers;
  std::size_t records = 0;
  for (const auto& file : std::filesystem::directory_iterator(directory.path())) {
    for (const Record& record : parse_records(read_file(file.path()))) {
      EXPECT_TRUE(record.complete) << record.line;
      numbers.insert(record.id);
      ++records;
    }
  }
  EXPECT_EQ(records, sessions);
  EXPECT_EQ(numbers.size(), sessions);
  server.stop();
}

}  // namespace
}  // namespace lastbyte::system_test
