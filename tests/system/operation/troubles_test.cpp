// What forwardings need of the machine and cannot get: the daemon reports all of it with its places, at a start and at
// a reload. It waits for what may still appear, and one address of a name may be missing.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>

#include <algorithm>
#include <filesystem>
#include <thread>

#include "tests/harness/container.h"
#include "tests/harness/scene.h"

namespace lastbyte::system_test {
namespace {

class Troubles : public ::testing::Test {
 protected:
  ~Troubles() override { server_.stop(); }

  static std::vector<std::string> proxy(std::vector<std::string> flags) {
    flags.insert(flags.begin(), {LASTBYTE_BINARY, "proxy"});
    return flags;
  }
  static void expect_said(const std::string& said, const std::vector<std::string>& all) {
    std::size_t from = 0;
    for (const std::string& words : all) {
      const std::size_t at = said.find(words, from);
      EXPECT_NE(at, std::string::npos) << words << " in this order in: " << said;
      if (at != std::string::npos) from = at;
    }
  }
  [[nodiscard]] bool serves(const net::Address& at) const {
    return Client(at, script("send 10; shutdown; expect fin")).wait().as_scripted();
  }
  [[nodiscard]] std::string upstream() const { return "tcp:" + server_.address().text(); }

  Server server_ = start_server("expect fin; send 10; close", {}, std::nullopt);
};

/// Six forwardings. Four of them fail, for five reasons.
std::string much_that_is_wrong(const std::string& taken) {
  return fmt::format(
      "forwardings:\n"
      "  - {{name: good, listen: 'tcp:127.0.0.1:0', connect: 'tcp:127.0.0.1:9'}}\n"
      "  - name: taken\n"
      "    listen: tcp:{0}\n"
      "    connect: tcp:no-such-host.invalid:80\n"
      "  - name: inside\n"
      "    listen: tcp:127.0.0.1:0\n"
      "    connect: tcp:127.0.0.1:9\n"
      "    client:\n"
      "      netns: no-such-netns\n"
      "  - name: elsewhere\n"
      "    listen: tcp:192.0.2.77:1-3\n"
      "    connect: tcp:127.0.0.1:9\n"
      "  - name: path\n"
      "    listen: unix:/no-such-directory/x.sock\n"
      "    connect: tcp:127.0.0.1:9\n"
      "  - {{name: fine, listen: 'tcp:127.0.0.1:0', connect: 'tcp:127.0.0.1:9'}}\n",
      taken);
}

std::vector<std::string> what_is_wrong(const std::string& taken) {
  return {":4:13: forwarding 'taken': listen on tcp:" + taken,
          "EADDRINUSE",
          ":5:14: forwarding 'taken': look up 'no-such-host.invalid'",
          ":10:14: forwarding 'inside': open the network namespace no-such-netns",
          ":12:13: forwarding 'elsewhere': listen on tcp:192.0.2.77:1:",
          "EADDRNOTAVAIL",
          "the same for 2 more of its addresses or ports",
          ":15:13: forwarding 'path': listen on unix:/no-such-directory/x.sock"};
}

TEST_F(Troubles, at_the_start_all_are_told_each_with_its_place) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("proxy.yaml");
  const std::string taken = server_.address().text();
  write_file(path, much_that_is_wrong(taken));
  Process process({.arguments = proxy({"--config", path})});
  EXPECT_EQ(process.wait(), 1);
  const std::string err = process.err();
  expect_said(err, what_is_wrong(taken));
  EXPECT_EQ(std::ranges::count(err, '\n'), 5) << err;
}

TEST_F(Troubles, at_a_reload_all_are_told_each_with_its_place) {
  const std::string good =
      fmt::format("forwardings:\n  - {{name: good, listen: 'tcp:127.0.0.1:0', connect: '{}'}}\n", upstream());
  const std::string taken = server_.address().text();
  Proxy proxy(server_.address(), {.config = good});
  const std::size_t sockets = proxy.process().sockets();
  auto expected = what_is_wrong(taken);
  expected.emplace_back("nothing was changed");
  expect_said(proxy.reload(much_that_is_wrong(taken)), expected);
  EXPECT_TRUE(eventually([&] { return proxy.process().sockets() == sockets; })) << "those that could be had are let go";
  EXPECT_TRUE(serves(proxy.address()));
}

TEST_F(Troubles, a_flag_is_a_place_too) {
  Process process({.arguments = proxy({"--listen", "tcp:192.0.2.77:1", "--connect", "tcp:no-such-host.invalid:80"})});
  EXPECT_EQ(process.wait(), 1);
  expect_said(process.err(), {"--connect: forwarding ", "no-such-host.invalid"});
  expect_said(process.err(), {"--listen: forwarding ", "EADDRNOTAVAIL"});
}

class BindRetry : public Troubles {
 protected:
  void SetUp() override {
    if (!network_.up()) GTEST_SKIP() << "no right to make a network namespace, or no unshare(1) or ip(8)";
  }

  /// Starts with these flags, calls `then` when the daemon waits, and expects that it listens at `at`.
  void expect_to_wait_for(std::vector<std::string> flags, const std::function<void()>& then, const std::string& at) {
    flags.insert(flags.end(), {"--bind-retry", "10m", "--connect", upstream()});
    Process process({.arguments = proxy(std::move(flags))});
    EXPECT_TRUE(eventually([&] { return process.err().find("trying again for bind-retry, 10m") != std::string::npos; }))
        << process.err();
    then();
    EXPECT_TRUE(eventually([&] { return process.err().find("listening on " + at) != std::string::npos; }))
        << process.err();
    process.signal(SIGTERM);
    EXPECT_EQ(process.wait(), 0) << process.err();
  }
  void shell(const std::string& text) const { EXPECT_EQ(network_.shell(text), std::nullopt) << text; }

  Container network_;
};

TEST_F(BindRetry, waits_for_an_address) {
  expect_to_wait_for(
      {"--client-netns", network_.name(), "--listen", "tcp:10.97.0.1:80"},
      [&] { shell("ip addr add 10.97.0.1/32 dev lo"); }, "10.97.0.1:80");
}

TEST_F(BindRetry, waits_for_an_address_whose_uniqueness_is_not_known_yet) {
  if (network_.shell("ip link add inner0 type veth peer name inner1 && ip link set inner0 up && ip link set inner1 up"))
    GTEST_SKIP() << "no veth here";
  // One probe per second: the address is tentative for longer than the start takes.
  shell("echo 600 > /proc/sys/net/ipv6/conf/inner0/dad_transmits && ip addr add 2001:db8::97/64 dev inner0");
  expect_to_wait_for(
      {"--client-netns", network_.name(), "--listen", "tcp:[2001:db8::97]:80"},
      [&] { shell("ip addr del 2001:db8::97/64 dev inner0 && ip addr add 2001:db8::97/64 dev inner0 nodad"); },
      "[2001:db8::97]:80");
}

TEST_F(BindRetry, waits_for_an_interface) {
  if (network_.shell("ip link add probe0 type veth peer name probe1 && ip link del probe0"))
    GTEST_SKIP() << "no veth here";
  const auto make = [&] { shell("ip link add inner0 type veth peer name inner1 && ip link set inner0 up"); };
  expect_to_wait_for({"--client-netns", network_.name(), "--client-interface", "inner0", "--listen", "tcp:0.0.0.0:80"},
                     make, "0.0.0.0:80");
  shell("ip link del inner0");
  expect_to_wait_for(
      {"--client-netns", network_.name(), "--listen", "tcp:[fe80::77%inner0]:80"},
      [&] {
        make();
        shell("ip addr add fe80::77/64 dev inner0 nodad");
      },
      "[fe80::77%");
}

TEST_F(BindRetry, waits_for_a_directory) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("later") + "/x.sock";
  expect_to_wait_for(
      {"--listen", "unix:" + path}, [&] { std::filesystem::create_directory(directory.file("later")); },
      "unix:" + path);
}

TEST_F(BindRetry, waits_for_a_network_namespace) {
  bool possible = false;
  std::thread([&] {
    possible = own_run();
    if (!possible) return;
    expect_to_wait_for(
        {"--client-netns", "blue", "--listen", "tcp:0.0.0.0:80"},
        [] { output_of({.arguments = {"ip", "netns", "add", "blue"}}); }, "0.0.0.0:80 in blue");
  }).join();
  if (!possible) GTEST_SKIP() << "no right to mount";
}

TEST_F(BindRetry, does_not_wait_for_what_will_not_come) {
  Process process({.arguments = proxy({"--bind-retry", "10m", "--listen", "tcp:10.97.0.1:80", "--connect",
                                       "tcp:no-such-host.invalid:80"})});
  EXPECT_EQ(process.wait(), 1) << process.err();
}

TEST_F(BindRetry, freebind_needs_no_waiting) {
  const std::string config = fmt::format(
      "drain: 1h\nforwardings:\n  - {{name: web, listen: 'tcp:10.97.0.1:80', connect: '{}', client: {{netns: '{}', "
      "freebind: true}}}}\n",
      upstream(), network_.name());
  Proxy proxy(server_.address(), {.config = config});
  const auto at = *net::Address::parse("10.97.0.1", 80);
  const auto serve = [&] { return connect_at(&network_, at, "send 10; shutdown; expect fin").as_scripted(); };
  EXPECT_FALSE(serve());
  expect_said(proxy.reload(config), {"1 as before"});
  shell("ip addr add 10.97.0.1/32 dev lo");
  EXPECT_TRUE(serve());
  shell("ip addr del 10.97.0.1/32 dev lo");
  expect_said(proxy.reload(config), {"1 as before"});
  shell("ip addr add 10.97.0.1/32 dev lo");
  EXPECT_TRUE(serve());
}

TEST_F(BindRetry, freebind_of_ipv6_and_of_datagrams) {
  for (const std::string listen : {"tcp:[2001:db8::98]:80", "udp:[2001:db8::98]:80", "udp:10.97.0.2:80"}) {
    Proxy proxy(server_.address(),
                Proxy::Options{.flags = {"--client-netns", network_.name(), "--client-freebind", "true"},
                               .listen = listen,
                               .transport = listen.substr(0, 4)});
  }
}

/// Gives the machine its own host names.
bool own_hosts(const TemporaryDirectory& directory, const std::string& hosts) {
  write_file(directory.file("hosts"), hosts);
  return ::unshare(CLONE_NEWNS) == 0 && ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         ::mount(directory.file("hosts").c_str(), "/etc/hosts", nullptr, MS_BIND, nullptr) == 0;
}

TEST_F(Troubles, an_address_of_a_name_that_cannot_be_bound_is_a_warning_where_another_can) {
  bool possible = false;
  std::thread([&] {
    const TemporaryDirectory directory;
    possible = own_hosts(directory, "127.0.0.1 two.test\n192.0.2.77 two.test none.test\n");
    if (!possible) return;
    {
      Proxy proxy(server_.address(), Proxy::Options{.listen = "tcp:two.test:0"});
      expect_said(proxy.process().err(), {"warning: --listen: forwarding", "listen on tcp:192.0.2.77:",
                                          "lastbyte listens on the other addresses of the name"});
      EXPECT_TRUE(serves(proxy.address()));
    }
    Process none({.arguments = proxy({"--listen", "tcp:none.test:0", "--connect", upstream()})});
    EXPECT_EQ(none.wait(), 1);
    expect_said(none.err(), {"error: --listen: forwarding", "listen on tcp:192.0.2.77:0", "EADDRNOTAVAIL"});
  }).join();
  if (!possible) GTEST_SKIP() << "no right to mount";
}

TEST_F(Troubles, an_address_of_a_name_that_is_in_use_is_an_error) {
  bool possible = false;
  std::thread([&] {
    const TemporaryDirectory directory;
    possible = own_hosts(directory, "127.0.0.2 two.test\n127.0.0.1 two.test\n");
    if (!possible) return;
    const std::string port = std::to_string(server_.address().port());
    Process process({.arguments = proxy({"--listen", "tcp:two.test:" + port, "--connect", upstream()})});
    EXPECT_EQ(process.wait(), 1);
    expect_said(process.err(), {"EADDRINUSE"});
  }).join();
  if (!possible) GTEST_SKIP() << "no right to mount";
}

}  // namespace
}  // namespace lastbyte::system_test
