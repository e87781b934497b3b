// T15: a reload that fails changes nothing and says why. Limits keep counting what existed before.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>

#include "net/tcp/listen.h"
#include "tests/harness/crowd.h"
#include "tests/harness/scene.h"

namespace lastbyte::system_test {
namespace {

namespace fs = std::filesystem;

/// One forwarding, named web, on a port that the kernel chooses. `more`: further settings of it, each after a comma.
std::string web(const net::Address& upstream, const std::string& more = {}) {
  return fmt::format("forwardings:\n  - {{name: web, listen: 'tcp:127.0.0.1:0', connect: 'tcp:{}'{}}}\n",
                     upstream.text(), more);
}

void expect_said(const std::string& said, const std::vector<std::string>& words) {
  for (const std::string& word : words) EXPECT_NE(said.find(word), std::string::npos) << word << " in: " << said;
}

/// The upstream answers 10 bytes.
void expect_still_served(const Proxy& proxy) {
  Client client(proxy.address(), script("shutdown; expect fin"));
  EXPECT_EQ(client.wait().received, 10U) << client.wait().text();
}

class ReloadKeepsTheOld : public ::testing::Test {
 protected:
  ~ReloadKeepsTheOld() override { server_.stop(); }

  /// Reloads. Expects that nothing changes, that the daemon prints all of `words`, and that the old forwarding still
  /// serves.
  void refused(Proxy& proxy, const std::string& config, const std::vector<std::string>& words) {
    const std::string said = proxy.reload(config);
    expect_said(said, words);
    expect_said(said, {"nothing was changed"});
    expect_still_served(proxy);
  }

  Server server_ = start_server("expect fin; send 10; close", {}, std::nullopt);
};

TEST_F(ReloadKeepsTheOld, T15_where_the_file_is_wrong_and_names_line_and_column) {
  Proxy proxy(server_.address(), {.config = web(server_.address())});
  refused(proxy, "forwardings:\n  - listen: tcp:127.0.0.1:70000\n    connect: tcp:127.0.0.1:9\n    lissen: 1\n",
          {"log.yaml:2:13: ", "70000", "log.yaml:4:5: ", "lissen"});
  refused(proxy, "forwardings: [\n", {"log.yaml:"});
  fs::remove(proxy.config_path());
  proxy.process().signal(SIGHUP);
  EXPECT_TRUE(eventually([&] { return proxy.process().err().find("ENOENT") != std::string::npos; }));
  expect_still_served(proxy);
}

TEST_F(ReloadKeepsTheOld, T15_where_one_port_is_in_use_though_others_could_be_had) {
  Server busy = start_server("close", {}, std::nullopt);
  Proxy proxy(server_.address(), {.config = web(server_.address())});
  const std::string more = fmt::format(
      "  - {{name: new, listen: 'tcp:127.0.0.1:0', connect: 'tcp:{0}'}}\n"
      "  - {{name: busy, listen: 'tcp:{0}', connect: 'tcp:127.0.0.1:9'}}\n",
      busy.address().text());
  const std::size_t sockets = proxy.process().sockets();
  refused(proxy, web(busy.address(), ", client: {backlog: 3}") + more,
          {"forwarding 'busy'", busy.address().text(), "EADDRINUSE"});
  // The session of the check may not have closed its sockets yet.
  EXPECT_TRUE(eventually([&] { return proxy.process().sockets() == sockets; })) << proxy.process().sockets();
  busy.stop();
}

TEST_F(ReloadKeepsTheOld, T15_where_a_name_is_not_known) {
  Proxy proxy(server_.address(), {.config = web(server_.address())});
  refused(proxy, "forwardings: [{name: web, listen: 'tcp:127.0.0.1:0', connect: 'tcp:no-such-host.invalid:80'}]\n",
          {"forwarding 'web'", "no-such-host.invalid"});
}

TEST_F(ReloadKeepsTheOld, T15_where_the_descriptors_do_not_suffice) {
  Proxy proxy(server_.address(), {.config = web(server_.address()), .descriptors = 4096});
  refused(proxy, "max-sessions: 5000\n" + web(server_.address()), {"max-sessions 5000 needs", "4096"});
}

TEST_F(ReloadKeepsTheOld, T15_where_a_privilege_was_given_up) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can switch users";
  Proxy proxy(server_.address(), {.flags = {"--user", "nobody"}, .config = web(server_.address())});
  // The daemon runs as `nobody` and must reach its file in the test's directory.
  fs::permissions(fs::path(proxy.config_path()).parent_path(), fs::perms::others_exec, fs::perm_options::add);
  refused(proxy, web(server_.address(), ", upstream: {mark: 1}"), {"forwarding 'web' needs CAP_NET_ADMIN", "restart"});
  const std::string low = "  - {name: low, listen: 'tcp:127.0.0.1:999', connect: 'tcp:127.0.0.1:9'}\n";
  if (read_file("/proc/sys/net/ipv4/ip_unprivileged_port_start") == "1024\n") {
    refused(proxy, web(server_.address()) + low, {"forwarding 'low'", "EACCES", "restart"});
  }
}

TEST(ReloadKeeps, T15_settings_that_need_a_restart_and_says_which) {
  Server server = start_server("expect fin; send 10; close", {}, std::nullopt);
  TemporaryDirectory directory;
  // Without the harness's flags, which override the file.
  const std::string path = directory.file("proxy.yaml");
  const std::string rest = web(server.address());
  write_file(path, "workers: 1\nlog: {target: off}\n" + rest);
  Process process({.arguments = {LASTBYTE_BINARY, "proxy", "--config", path}});
  ASSERT_TRUE(eventually([&] { return process.err().find("records to ") != std::string::npos; })) << process.err();
  write_file(path, "workers: 3\ndrain: 7s\nuser: nobody\nio: auto\n" + rest);
  process.signal(SIGHUP);
  ASSERT_TRUE(eventually([&] { return process.err().find(" as before; ") != std::string::npos; })) << process.err();
  expect_said(process.err(), {"these settings change at a restart only: workers, io, user\n"});
  process.signal(SIGTERM);
  EXPECT_EQ(process.wait(), 0);
  // `drain` takes effect without a restart.
  expect_said(process.err(), {"may finish for 7 s"});
  server.stop();
}

TEST(Reload, T15_without_a_file_says_so_and_opens_the_log_anew) {
  Server server = start_server("expect fin; send 10; close", {}, std::nullopt);
  TemporaryDirectory directory;
  const std::string log = directory.file("records");
  Proxy proxy(server.address(), {"--log-target", log});
  fs::rename(log, log + ".1");
  proxy.process().signal(SIGHUP);
  EXPECT_TRUE(eventually([&] { return fs::exists(log); }));
  EXPECT_TRUE(eventually([&] { return proxy.process().err().find("there is no file to read") != std::string::npos; }));
  expect_still_served(proxy);
  server.stop();
}

TEST(Reload, T15_while_stopping_is_ignored_with_a_word) {
  Meeting meeting;
  PeerOptions options;
  options.meeting = &meeting;
  Server server = start_server("recv 1; signal ready; expect fin; send 10; close", options);
  Proxy proxy(server.address(), {.config = "drain: 1h\n" + web(server.address())});
  Client client(proxy.address(), script("send 1; await go; shutdown; expect fin"), options);
  ASSERT_TRUE(eventually([&] { return meeting.count("ready") == 1; }));
  proxy.process().signal(SIGTERM);
  ASSERT_TRUE(eventually([&] { return proxy.process().err().find("no more clients") != std::string::npos; }));
  proxy.process().signal(SIGHUP);
  EXPECT_TRUE(eventually(
      [&] { return proxy.process().err().find("the configuration is not read during a stop") != std::string::npos; }));
  meeting.signal("go");
  EXPECT_TRUE(client.wait().as_scripted()) << client.wait().text();
  proxy.expect_end();
}

TEST(ReloadLimits, T15_max_sessions_counts_those_of_before) {
  EchoServer echo;
  Proxy proxy(echo.address(), {.config = web(echo.address(), ", max-sessions: 2")});
  auto first = connect_crowd(proxy.address(), 2);
  converse(first);
  proxy.reload(web(echo.address(), ", max-sessions: 2, limits: {idle: 1h}"));
  auto second = connect_crowd(proxy.address(), 1);
  // The client waits in the backlog: nothing comes back.
  ASSERT_EQ(::send(second.front().get(), "x", 1, MSG_NOSIGNAL), 1);
  pollfd heard{.fd = second.front().get(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(::poll(&heard, 1, 300), 0);
  first.pop_back();
  char byte = 0;
  EXPECT_EQ(::recv(second.front().get(), &byte, 1, 0), 1);
  proxy.reload(web(echo.address(), ", max-sessions: 3"));
  auto third = connect_crowd(proxy.address(), 1);
  converse(third);
  EXPECT_TRUE(proxy.wait_for_sessions(3));
}

TEST(ReloadLimits, T15_a_new_limit_per_client_counts_sessions_of_before) {
  EchoServer echo;
  Proxy proxy(echo.address(), {.config = web(echo.address())});
  auto first = connect_crowd(proxy.address(), 2);
  converse(first);
  proxy.reload(web(echo.address(), ", max-sessions-per-client: 2"));
  const auto reset_at_once = [&] {
    const auto one = connect_crowd(proxy.address(), 1);
    // A client may still be accepted before its worker applies the limit. It gets its byte back.
    char byte = 'x';
    if (::send(one.front().get(), &byte, 1, MSG_NOSIGNAL) < 0) return true;
    return ::recv(one.front().get(), &byte, 1, 0) < 0 && errno == ECONNRESET;
  };
  // Each worker applies the limit to its own sessions at its next round.
  EXPECT_TRUE(eventually(reset_at_once));
  first.pop_back();
  EXPECT_TRUE(proxy.wait_for_sessions(1));
  auto second = connect_crowd(proxy.address(), 1);
  converse(second);
  EXPECT_TRUE(reset_at_once());
  proxy.reload(web(echo.address(), ", limits: {idle: 1h}"));
  auto third = connect_crowd(proxy.address(), 3);
  converse(third);
}

/// Returns the first of `count` consecutive ports without listeners.
std::uint16_t free_ports(int count) {
  for (int first = 20000; first < 30000; first += count) {
    std::vector<std::vector<Descriptor>> all;
    for (int port = first; port < first + count; ++port) {
      auto made = net::listen_tcp(*net::Address::parse("127.0.0.1", static_cast<std::uint16_t>(port)), {}, 1);
      if (!made) break;
      all.push_back(std::move(*made));
    }
    if (all.size() == static_cast<std::size_t>(count)) return static_cast<std::uint16_t>(first);
  }
  return 0;
}

TEST(ReloadLimits, T15_ports_that_were_removed_are_counted_until_they_are_closed_and_no_longer) {
  constexpr int kMany = 200;
  const std::uint16_t first = free_ports(kMany);
  ASSERT_NE(first, 0);
  Server server = start_server("expect fin; send 10; close", {}, std::nullopt);
  for (const bool unix_too : {false, true}) {
    const TemporaryDirectory directory;
    const std::string stays = "max-sessions: 10\n" + web(server.address());
    std::string many = stays + fmt::format("  - {{name: many, listen: 'tcp:127.0.0.1:{}-{}', connect: 'tcp:{}'}}\n",
                                           first, first + kMany - 1, server.address().text());
    if (unix_too)
      many += fmt::format("  - {{name: path, listen: 'unix:{}', connect: 'tcp:{}'}}\n", directory.file("x.sock"),
                          server.address().text());
    // Enough for them once, but not for half of them again.
    Proxy proxy(server.address(),
                {.flags = {"--workers", "1"}, .config = many, .descriptors = 512 + 64 + 20 + kMany + 10});
    for (int round = 0; round < 2; ++round) {
      expect_said(proxy.reload(stays), {"1 as before"});
      EXPECT_TRUE(eventually([&] { return proxy.process().sockets() + kMany <= proxy.sockets_at_start(); }))
          << proxy.process().sockets() << " of " << proxy.sockets_at_start();
      expect_said(proxy.reload(many), {"1 as before"});
    }
    expect_still_served(proxy);
  }
  server.stop();
}

}  // namespace
}  // namespace lastbyte::system_test
