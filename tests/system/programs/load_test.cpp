// Many sessions: nothing of them remains, and each costs little.
#include <gtest/gtest.h>

#include <random>

#include "tests/harness/crowd.h"
#include "tests/harness/scene.h"

namespace lastbyte::system_test {
namespace {

constexpr std::size_t kSessions = 9000;

class ManySessions : public ::testing::Test {
 protected:
  void SetUp() override {
    count_ = affordable_sessions(kSessions);
    if (count_ < kSessions)
      GTEST_SKIP() << kSessions << " sessions need more descriptors than the limit allows; it is enough for " << count_;
  }

  /// Opens all sessions at once, then ends them, half of them by resets.
  void round(Proxy& proxy, std::mt19937& random) {
    std::vector<Descriptor> crowd = connect_crowd(proxy.address(), count_);
    ASSERT_EQ(crowd.size(), count_);
    converse(crowd);
    EXPECT_TRUE(proxy.wait_for_sessions(count_));
    end_at_random(std::move(crowd), random);
    EXPECT_TRUE(eventually([&] { return proxy.process().sockets() == proxy.sockets_at_start(); }));
  }

  std::size_t count_ = 0;
};

TEST_F(ManySessions, half_of_them_reset_at_random_moments_leave_no_descriptor_and_no_memory) {
  EchoServer server;
  Proxy proxy(server.address(), {"--workers", "1"});
  std::mt19937 random(20'26);
  round(proxy, random);
  const std::uint64_t after_first = proxy.process().resident_kib();
  round(proxy, random);
  const std::uint64_t after_second = proxy.process().resident_kib();
  if (built_with_sanitizer()) return;  // a sanitizer keeps freed memory
  EXPECT_LE(after_second, after_first + 1024) << "KiB";
}

TEST_F(ManySessions, each_has_its_record) {
  EchoServer server;
  Proxy proxy(server.address());
  std::mt19937 random(7);
  const std::size_t count = std::min<std::size_t>(count_, 2000);
  std::vector<Descriptor> crowd = connect_crowd(proxy.address(), count);
  converse(crowd);
  end_at_random(std::move(crowd), random);
  std::size_t resets = 0;
  for (const Record& record : proxy.records(count)) resets += record.client.end == "reset" ? 1U : 0U;
  EXPECT_EQ(resets, count / 2);
}

TEST_F(ManySessions, an_idle_one_costs_less_than_a_kibibyte) {
  if (built_with_sanitizer()) GTEST_SKIP() << "a sanitizer has its own ideas of memory";
  EchoServer server;
  Proxy proxy(server.address(), {"--workers", "1"});
  // The first sessions allocate what all share.
  converse(connect_crowd(proxy.address(), 10));
  EXPECT_TRUE(proxy.wait_for_sessions(0));
  const std::uint64_t before = proxy.process().resident_kib();
  const std::vector<Descriptor> crowd = connect_crowd(proxy.address(), count_);
  converse(crowd);
  EXPECT_TRUE(proxy.wait_for_sessions(count_));
  EXPECT_LE(proxy.process().resident_kib(), before + count_) << "KiB for " << count_ << " sessions";
}

}  // namespace
}  // namespace lastbyte::system_test
