// Health checks of members that are in another network namespace or root directory: they connect from where sessions
// do, with the rights that sessions have.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <optional>

#include "net/socket/calls.h"
#include "tests/harness/container.h"
#include "tests/harness/guest.h"
#include "tests/harness/loopback.h"
#include "tests/harness/proxy.h"
#include "tests/harness/ways.h"
#include "tests/system/upstreams/member.h"

namespace lastbyte::system_test {
namespace {

bool says(Proxy& proxy, const std::string& words) {
  return eventually([&] { return proxy.process().err().find(words) != std::string::npos; });
}

std::string checked(const std::string& member, const std::string& more) {
  return "groups:\n  web: {members: ['" + member +
         "'], check: {kind: tcp, period: 10ms, failure-threshold: 1}}\n"
         "forwardings:\n  - {name: front, listen: 'tcp:127.0.0.1:0', connect: 'group:web'" +
         more + "}\n";
}

class CheckedInNetns : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!container_.up()) GTEST_SKIP() << "no right to make a network namespace, or no unshare(1) or ip(8)";
    run_at(&container_, [&] { inside_.emplace("inside"); });
  }
  void TearDown() override {
    run_at(&container_, [&] { inside_.reset(); });
  }

  [[nodiscard]] std::string in_there() const { return ", upstream: {netns: '" + container_.name() + "'}"; }

  Container container_;
  std::optional<TestMember> inside_;
};

TEST_F(CheckedInNetns, T3_a_member_in_a_namespace_is_up_though_nobody_has_its_port_here) {
  Proxy proxy(inside_->address(), {.config = checked(inside_->endpoint(), in_there())});
  EXPECT_EQ(ask(proxy.address(), "1"), "1 inside\n") << proxy.process().err();
  EXPECT_EQ(proxy.process().err().find("is down"), std::string::npos) << proxy.process().err();
  proxy.process().signal(SIGTERM);
  proxy.expect_end();
}

TEST_F(CheckedInNetns, T3_a_member_in_a_namespace_is_down_though_somebody_has_its_port_here) {
  const TestMember here("here", "127.0.0.1", inside_->address().port());
  Proxy proxy(inside_->address(), {.config = checked(inside_->endpoint(), in_there())});
  EXPECT_TRUE(says(proxy, "is up"));
  run_at(&container_, [&] { inside_->stop(); });
  EXPECT_TRUE(says(proxy, "is down, was up: check: 1 failed in a row: connect tcp:")) << proxy.process().err();
  run_at(&container_, [&] { inside_->start(); });
  EXPECT_TRUE(says(proxy, "is up, was down"));
  EXPECT_EQ(ask(proxy.address(), "1"), "1 inside\n");
  proxy.process().signal(SIGTERM);
  proxy.expect_end();
}

TEST_F(CheckedInNetns, T15_a_reload_to_another_namespace_checks_in_there) {
  Proxy proxy(inside_->address(), {.config = checked(inside_->endpoint(), "")});
  EXPECT_TRUE(says(proxy, "is down")) << proxy.process().err();
  proxy.reload(checked(inside_->endpoint(), in_there()));
  EXPECT_TRUE(says(proxy, "is up, was down")) << proxy.process().err();
  EXPECT_EQ(ask(proxy.address(), "1"), "1 inside\n");
  proxy.process().signal(SIGTERM);
  proxy.expect_end();
}

/// Returns where the next check comes from.
std::string check_from(const Descriptor& member) {
  return net::peer_address(net::test::accept_one(member).get()).text();
}

TEST(CheckedByRoute, T13_checks_come_from_the_sources_of_sessions_and_leave_them_their_ports) {
  const Descriptor member = net::test::listener();
  const net::Address taken = net::local_address(net::test::listener("127.0.0.9").get());
  const std::string config =
      checked("tcp:" + net::local_address(member.get()).text(), ", upstream: {sources: ['" + taken.text() + "']}");
  Proxy proxy(net::local_address(member.get()), {.flags = {"--workers", "1"}, .config = config});
  for (int check = 0; check < 3; ++check) {
    const std::string from = check_from(member);
    EXPECT_TRUE(from.starts_with("127.0.0.9:")) << from;
    EXPECT_NE(from, taken.text());
  }
  proxy.process().signal(SIGTERM);
  proxy.expect_end();
}

TEST(CheckedByRoute, T13_forwardings_that_disagree_leave_the_source_to_the_kernel) {
  const Descriptor member = net::test::listener();
  const std::string config =
      checked("tcp:" + net::local_address(member.get()).text(), ", upstream: {sources: [127.0.0.9]}") +
      "  - {name: back, listen: 'tcp:127.0.0.1:0', connect: 'group:web'}\n";
  Proxy proxy(net::local_address(member.get()), {.config = config});
  const std::string from = check_from(member);
  EXPECT_TRUE(from.starts_with("127.0.0.1:")) << from;
  proxy.process().signal(SIGTERM);
  proxy.expect_end();
}

class CheckedInRoot : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!guest_.up()) GTEST_SKIP() << "no right to make a mount namespace";
  }
  [[nodiscard]] std::string in_there() const { return ", upstream: {root: '" + guest_.name() + "'}"; }

  TemporaryDirectory twin_;
  Guest guest_{twin_};
};

TEST_F(CheckedInRoot, T14_a_member_in_a_root_directory_is_checked_in_there) {
  std::optional<UnixServer> server(guest_.address("/run/server.sock"));
  Proxy proxy(server->address, {.config = checked("unix:/run/server.sock", in_there())});
  EXPECT_TRUE(says(proxy, "is up")) << proxy.process().err();
  server.reset();
  EXPECT_TRUE(says(proxy, "is down, was up: check: 1 failed in a row: connect unix:/run/server.sock"))
      << proxy.process().err();
  proxy.process().signal(SIGTERM);
  proxy.expect_end();
}

TEST_F(CheckedInRoot, T12_a_file_system_that_does_not_answer_holds_up_no_other_check) {
  StalledMount stalled(guest_, "/run/lost", false);
  if (!stalled.up()) GTEST_SKIP() << "no right to mount FUSE here";
  TestMember other("other");
  const std::string config =
      "groups:\n"
      "  lost: {members: ['unix:/run/lost/x.sock'], check: {kind: tcp, period: 10ms, timeout: 50ms, failure-threshold: "
      "1}}\n"
      "  web: {members: ['" +
      other.endpoint() +
      "'], check: {kind: tcp, period: 10ms, failure-threshold: 1}}\n"
      "forwardings:\n  - {name: lost, listen: 'tcp:127.0.0.1:0', connect: 'group:lost'" +
      in_there() + "}\n  - {name: web, listen: 'tcp:127.0.0.1:0', connect: 'group:web'}\n";
  Proxy proxy(other.address(), {.config = config});
  EXPECT_TRUE(says(proxy, "unix:/run/lost/x.sock is down")) << proxy.process().err();
  EXPECT_TRUE(says(proxy, "(ETIMEDOUT)")) << proxy.process().err();
  EXPECT_EQ(ask(proxy.address(1), "1"), "1 other\n");
  other.stop();
  EXPECT_TRUE(says(proxy, other.endpoint() + " is down")) << proxy.process().err();
  stalled.release();
  proxy.process().signal(SIGTERM);
  proxy.expect_end();
}

TEST(CheckedWithRights, T15_the_first_check_waits_until_root_has_become_the_user) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root becomes another user";
  const TemporaryDirectory directory;
  ASSERT_EQ(::chmod(directory.path().c_str(), 0755), 0);
  const UnixServer server(directory);
  ASSERT_EQ(::chmod(directory.file("server.sock").c_str(), 0600), 0);
  Proxy proxy(server.address,
              {.flags = {"--user", "nobody"}, .config = checked("unix:" + directory.file("server.sock"), "")});
  EXPECT_TRUE(says(proxy, "is down, was starting: check: 1 failed in a row: connect unix:")) << proxy.process().err();
  EXPECT_EQ(proxy.process().err().find("is up"), std::string::npos) << proxy.process().err();
  proxy.process().signal(SIGTERM);
  proxy.expect_end();
}

}  // namespace
}  // namespace lastbyte::system_test
