// T9: memory is bounded. The proxy's memory does not grow with what a peer sends.
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "tests/harness/scene.h"

namespace lastbyte::system_test {
namespace {

constexpr std::uint64_t kBoundKib = 16 * 1024;
constexpr milliseconds kPushFor{3000};

/// Returns the largest value seen during `time`.
std::uint64_t peak_resident_kib(const Process& process, milliseconds time) {
  std::uint64_t peak = 0;
  eventually(
      [&] {
        peak = std::max(peak, process.resident_kib());
        return false;
      },
      time);
  return peak;
}

class Memory : public ::testing::Test {
 protected:
  void SetUp() override {
    if (built_with_sanitizer()) GTEST_SKIP() << "a sanitizer keeps what was freed";
    options_.meeting = &meeting_;
    options_.limit = std::chrono::seconds(60);
  }

  /// Neither peer reads until the signal `read`.
  void push(std::string_view client_text, std::string_view server_text, std::uint32_t sessions) {
    Server server = start_server(server_text, options_, sessions);
    Proxy proxy(server.address(), {"--workers", "1"});
    const std::uint64_t idle = proxy.process().resident_kib();
    std::vector<Client> clients;
    for (std::uint32_t i = 0; i < sessions; ++i) clients.emplace_back(proxy.address(), script(client_text), options_);
    const std::uint64_t peak = peak_resident_kib(proxy.process(), kPushFor);
    EXPECT_LT(peak, idle + kBoundKib);
    meeting_.signal("read");
    for (Client& client : clients) EXPECT_TRUE(client.wait().as_scripted()) << client.wait().text();
    for (const Observed& each : server.wait()) EXPECT_TRUE(each.as_scripted()) << each.text();
    for (const Record& record : proxy.records(sessions)) EXPECT_TRUE(record.complete) << record.line;
    EXPECT_LT(proxy.process().resident_kib(), idle + kBoundKib);
  }

  Meeting meeting_;
  PeerOptions options_;
};

TEST_F(Memory, T9_while_a_server_pushes200_mb_to_a_client_that_does_not_read) {
  push("await read; expect fin", "send 200M; close", 1);
}

TEST_F(Memory, T9_while_a_client_pushes200_mb_to_a_server_that_does_not_read) {
  push("send 200M; shutdown; expect fin", "await read; expect fin; close", 1);
}

TEST_F(Memory, T9_while50_servers_push_to_clients_that_do_not_read) {
  push("await read; expect fin", "send 8M; close", 50);
}

}  // namespace
}  // namespace lastbyte::system_test
