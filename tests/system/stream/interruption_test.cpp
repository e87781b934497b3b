// A process that is stopped and continued (SIGSTOP, a frozen cgroup, a debugger) goes on where it was. The kernel
// interrupts calls, and the process must not take a short call for a full queue.
#include <gtest/gtest.h>

#include <csignal>
#include <thread>

#include "tests/harness/scene.h"

namespace lastbyte::system_test {
namespace {

/// How long a transfer may stall. Under any load, a working transfer continues sooner.
constexpr milliseconds kStandstill{20'000};

TEST(Interruption, T8_spliced_flow_goes_on_after_freezes) {
  constexpr std::uint32_t kTransfers = 12;
  PeerOptions options;
  options.limit = kStandstill;
  Server server = start_server("expect fin; close", options, kTransfers);
  Proxy proxy(server.address(), {"--workers", "1"});
  for (std::uint32_t i = 0; i < kTransfers; ++i) {
    Client client(proxy.address(), script("send 64M; shutdown; expect fin"), options);
    while (server.ended() == i) {
      proxy.process().signal(SIGSTOP);
      proxy.process().signal(SIGCONT);
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
    ASSERT_TRUE(client.wait().as_scripted()) << "transfer " << i << ": " << client.wait().text();
  }
  for (const Record& record : proxy.records(kTransfers)) EXPECT_TRUE(record.complete) << record.line;
}

}  // namespace
}  // namespace lastbyte::system_test
