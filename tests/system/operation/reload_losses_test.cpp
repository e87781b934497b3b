// T15: a reload keeps a listening socket only if clients can still reach it. If what it was bound to is gone, the
// daemon binds the address anew, or the reload fails. It reports both.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <thread>

#include "net/namespace/enter.h"
#include "net/unix/stream.h"
#include "tests/harness/container.h"
#include "tests/harness/datagrams.h"
#include "tests/harness/scene.h"

namespace lastbyte::system_test {
namespace {

namespace fs = std::filesystem;

constexpr const char* kTalk = "send 10; shutdown; expect fin";

class ReloadAfterALoss : public ::testing::Test {
 protected:
  ~ReloadAfterALoss() override { server_.stop(); }

  /// One forwarding, named web. `more`: further settings of it, each after a comma.
  static std::string web(const std::string& listen, const net::Address& upstream, const std::string& more = {}) {
    return fmt::format("drain: 1h\nforwardings:\n  - {{name: web, listen: '{}', connect: '{}{}'{}}}\n", listen,
                       listen.starts_with("udp") ? "udp:" : "tcp:", upstream.text(), more);
  }
  static void expect_said(const std::string& said, const std::string& words) {
    EXPECT_NE(said.find(words), std::string::npos) << words << " in: " << said;
  }
  /// Stops the daemon without counting its sockets.
  static void end(Proxy& proxy) {
    proxy.process().signal(SIGTERM);
    proxy.expect_end();
  }
  /// Reloads with the same configuration.
  static std::string reload(Proxy& proxy) { return proxy.reload(read_file(proxy.config_path())); }
  static bool serves(const net::Address& at) { return Client(at, script(kTalk)).wait().as_scripted(); }

  Server server_ = start_server("expect fin; send 10; close", {}, std::nullopt);
};

TEST_F(ReloadAfterALoss, T15_a_unix_path_that_was_removed_is_bound_anew) {
  const TemporaryDirectory directory;
  const auto at = *net::Address::unix_name(directory.file("web.sock"));
  Proxy proxy(server_.address(), {.config = web(at.text(), server_.address())});
  expect_said(reload(proxy), "1 as before");
  fs::remove(at.unix_name());
  expect_said(reload(proxy), "changed (bound anew: its UNIX path was removed or replaced): " + at.text());
  EXPECT_TRUE(serves(at));
  expect_said(reload(proxy), "1 as before");
  EXPECT_TRUE(serves(at));
  end(proxy);
  EXPECT_FALSE(fs::exists(at.unix_name()));
}

TEST_F(ReloadAfterALoss, T15_a_unix_path_that_was_renamed_is_bound_anew_and_the_other_one_is_left_alone) {
  const TemporaryDirectory directory;
  const auto at = *net::Address::unix_name(directory.file("web.sock"));
  Proxy proxy(server_.address(), {.config = web(at.text(), server_.address())});
  fs::rename(at.unix_name(), directory.file("moved.sock"));
  expect_said(reload(proxy), "bound anew");
  EXPECT_TRUE(serves(at));
  EXPECT_TRUE(fs::is_socket(directory.file("moved.sock")));
  end(proxy);
}

TEST_F(ReloadAfterALoss, T15_a_unix_path_that_belongs_to_somebody_else_now_fails_the_reload) {
  const TemporaryDirectory directory;
  const auto at = *net::Address::unix_name(directory.file("web.sock"));
  Proxy proxy(server_.address(), {.config = web(at.text(), server_.address())});
  fs::remove(at.unix_name());
  const Descriptor stranger(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::bind(stranger.get(), at.data(), at.size()), 0);
  ASSERT_EQ(::listen(stranger.get(), 1), 0);
  const std::string said = reload(proxy);
  expect_said(said, "the socket there belongs to a process that lives");
  expect_said(said, "nothing was changed");
  end(proxy);
  EXPECT_TRUE(fs::is_socket(at.unix_name())) << "the stranger's";
}

TEST_F(ReloadAfterALoss, T15_an_abstract_name_cannot_be_lost) {
  const auto at = *net::Address::unix_name("@lastbyte-loss-" + std::to_string(::getpid()));
  Proxy proxy(server_.address(), {.config = web(at.text(), server_.address())});
  expect_said(reload(proxy), "1 as before");
  EXPECT_TRUE(serves(at));
}

class ReloadAfterALossInANetwork : public ReloadAfterALoss {
 protected:
  void SetUp() override {
    if (!one_.up() || !two_.up()) GTEST_SKIP() << "no right to make a network namespace, or no unshare(1) or ip(8)";
  }

  /// Connects both by a pair of interfaces, inner0 and inner1, always with the same address.
  [[nodiscard]] std::optional<std::string> join() const {
    auto failed = one_.shell(
        fmt::format("ip link add inner0 type veth peer name inner1 netns {} && ip addr add 10.99.0.1/24 dev inner0 && "
                    "ip link set inner0 up",
                    two_.pid()));
    return failed ? failed : two_.shell("ip addr add 10.99.0.2/24 dev inner1 && ip link set inner1 up");
  }

  Container one_;
  Container two_;
};

TEST_F(ReloadAfterALossInANetwork, T15_an_interface_that_was_made_anew_is_bound_anew) {
  if (const auto failed = join()) GTEST_SKIP() << "no veth here: " << *failed;
  const std::string more = fmt::format(", client: {{netns: '{}', interface: inner0}}", one_.name());
  Proxy proxy(server_.address(), {.config = web("tcp:0.0.0.0:7000", server_.address(), more)});
  const auto at = *net::Address::parse("10.99.0.1", 7000);
  EXPECT_TRUE(connect_at(&two_, at, kTalk).as_scripted());
  expect_said(reload(proxy), "1 as before");

  ASSERT_EQ(one_.shell("ip link del inner0"), std::nullopt);
  // The interface is gone, so there is nothing to bind to.
  const std::string refused = reload(proxy);
  expect_said(refused, "ENODEV");
  expect_said(refused, "nothing was changed");

  ASSERT_EQ(join(), std::nullopt);
  expect_said(reload(proxy), "changed (bound anew: its network interface was replaced): 0.0.0.0:7000");
  EXPECT_TRUE(connect_at(&two_, at, kTalk).as_scripted());
  expect_said(reload(proxy), "1 as before");
  end(proxy);
}

TEST_F(ReloadAfterALossInANetwork, T15_an_interface_of_datagrams_that_was_made_anew_is_bound_anew) {
  if (const auto failed = join()) GTEST_SKIP() << "no veth here: " << *failed;
  const UdpServer server;
  const std::string more = fmt::format(", client: {{netns: '{}', interface: inner0}}", one_.name());
  Proxy proxy(server.address(), {.config = web("udp:0.0.0.0:7000", server.address(), more)});
  const auto at = *net::Address::parse("10.99.0.1", 7000);
  const auto ask = [&] {
    std::optional<UdpSocket> client;
    run_at(&two_, [&] { client.emplace(*net::Address::parse("10.99.0.2", 0)); });
    return client->ask(at, "question");
  };
  EXPECT_EQ(ask(), "question");
  ASSERT_EQ(one_.shell("ip link del inner0"), std::nullopt);
  ASSERT_EQ(join(), std::nullopt);
  expect_said(reload(proxy), "changed (bound anew: its network interface was replaced): 0.0.0.0:7000");
  EXPECT_EQ(ask(), "question");
  end(proxy);
}

TEST_F(ReloadAfterALossInANetwork, T15_an_address_that_is_gone_fails_the_reload_until_it_is_back) {
  for (const std::string transport : {"tcp", "udp"}) {
    SCOPED_TRACE(transport);
    ASSERT_EQ(one_.shell("ip addr add 10.98.0.1/32 dev lo"), std::nullopt);
    Proxy proxy(server_.address(), {.config = web(transport + ":10.98.0.1:7000", server_.address(),
                                                  fmt::format(", client: {{netns: '{}'}}", one_.name()))});
    expect_said(reload(proxy), "1 as before");
    ASSERT_EQ(one_.shell("ip addr del 10.98.0.1/32 dev lo"), std::nullopt);
    const std::string said = reload(proxy);
    expect_said(said, "EADDRNOTAVAIL");
    expect_said(said, "nothing was changed");
    ASSERT_EQ(one_.shell("ip addr add 10.98.0.1/32 dev lo"), std::nullopt);
    expect_said(reload(proxy), "1 as before");
    if (transport == "tcp") {
      EXPECT_TRUE(connect_at(&one_, proxy.address(), kTalk).as_scripted());
    }
    ASSERT_EQ(one_.shell("ip addr del 10.98.0.1/32 dev lo"), std::nullopt);
  }
}

// The system's `ss -K` ends the socket.
TEST_F(ReloadAfterALossInANetwork, T15_a_socket_that_was_ended_from_outside_is_bound_anew) {
  Proxy proxy(server_.address(), {.config = web("tcp:127.0.0.1:7000", server_.address(),
                                                fmt::format(", client: {{netns: '{}'}}", one_.name()))});
  const std::string all_are_gone = "test -z \"$(ss -Hlnt sport = :7000)\"";
  // ss may skip the next socket in its list.
  if (one_.shell("for i in 1 2 3 4; do ss -K -lnt sport = :7000; done; " + all_are_gone))
    GTEST_SKIP() << "no ss -K here";
  expect_said(reload(proxy), "changed (bound anew: its socket no longer listened): 127.0.0.1:7000");
  EXPECT_TRUE(connect_at(&one_, proxy.address(), kTalk).as_scripted());
  end(proxy);
}

TEST_F(ReloadAfterALoss, T15_a_network_namespace_that_was_made_anew_is_bound_anew) {
  bool possible = false;
  std::thread([&] {
    possible = own_run();
    if (!possible) return;
    const auto make = [] {
      output_of({.arguments = {"ip", "netns", "add", "blue"}});
      output_of({.arguments = {"ip", "-n", "blue", "link", "set", "lo", "up"}});
    };
    make();
    Proxy proxy(server_.address(), {.config = web("tcp:127.0.0.1:7000", server_.address(), ", client: {netns: blue}")});
    output_of({.arguments = {"ip", "netns", "delete", "blue"}});
    expect_said(reload(proxy), "nothing was changed");
    make();
    expect_said(reload(proxy), "changed (bound anew: in another network namespace): 127.0.0.1:7000 in blue");
    const auto blue = net::open_namespace({net::NamespaceName::Kind::name, "blue", 0});
    ASSERT_TRUE(blue) << blue.error().text();
    ASSERT_TRUE(net::run_inside(blue->get(), [&] { EXPECT_TRUE(serves(proxy.address())); }));
    end(proxy);
  }).join();
  if (!possible) GTEST_SKIP() << "no right to mount";
}

}  // namespace
}  // namespace lastbyte::system_test
