// The daemon for its operator: configuration, logs, socket activation.
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <optional>

#include "net/socket/calls.h"
#include "net/tcp/listen.h"
#include "tests/harness/scene.h"

namespace lastbyte::system_test {
namespace {

constexpr const char* kBinary = LASTBYTE_BINARY;

struct Ended {
  int status = -1;
  std::string out;
  std::string err;
};

Ended run(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), kBinary);
  Process process({.arguments = std::move(arguments)});
  Ended ended;
  ended.status = process.wait().value_or(-1);
  ended.out = process.out();
  ended.err = process.err();
  return ended;
}

void expect_usage_error(const std::vector<std::string>& arguments, const std::vector<std::string>& words) {
  const Ended ended = run(arguments);
  EXPECT_EQ(ended.status, 2) << ended.err;
  for (const std::string& word : words)
    EXPECT_NE(ended.err.find(word), std::string::npos) << word << " in: " << ended.err;
}

TEST(Configuration, wrong_flags_end_with_status_2_and_say_what_was_expected) {
  expect_usage_error({"proxy"}, {"--listen"});
  expect_usage_error({"proxy", "--listen", "tcp:127.0.0.1:0"}, {"connect"});
  expect_usage_error({"proxy", "--listen", "tcp:127.0.0.1:70000", "--connect", "tcp:127.0.0.1:9"}, {"70000", "65535"});
  expect_usage_error({"proxy", "--listen", "tcp:127.0.0.1:0", "--connect", "tcp:127.0.0.1:9", "--drain", "5"},
                     {"--drain", "5"});
  expect_usage_error({"proxy", "--listen", "tcp:127.0.0.1:0", "--connect", "tcp:127.0.0.1:9", "--lingr-mode", "on"},
                     {"--lingr-mode", "--linger-mode"});
  expect_usage_error({"prox"}, {"prox"});
}

TEST(Configuration, wrong_files_end_with_status_2_and_name_the_line) {
  TemporaryDirectory directory;
  const std::string path = directory.file("proxy.yaml");
  write_file(path, "forwardings:\n  - listen: tcp:127.0.0.1:0\n    connect: tcp:127.0.0.1:9\n    lissen: 1\n");
  expect_usage_error({"proxy", "--config", path}, {"proxy.yaml:4:", "lissen"});
  expect_usage_error({"proxy", "--check-config", "--config", path}, {"proxy.yaml:4:"});
  write_file(path,
             "forwardings:\n  - listen: tcp:127.0.0.1:4000\n    connect: tcp:127.0.0.1:9\n  - listen: "
             "tcp:127.0.0.1:4000\n    connect: tcp:127.0.0.1:9\n");
  expect_usage_error({"proxy", "--config", path}, {"proxy.yaml:4:", "4000"});
  expect_usage_error({"proxy", "--config", directory.file("none.yaml")}, {"none.yaml"});
}

TEST(Configuration, is_checked_without_starting) {
  const Ended ended = run({"proxy", "--check-config", "--listen", "tcp:127.0.0.1:0", "--connect", "tcp:127.0.0.1:9"});
  EXPECT_EQ(ended.status, 0) << ended.err;
}

TEST(Configuration, a_port_in_use_is_tried_again_for_as_long_as_bind_retry_says) {
  std::optional<Server> holder(start_server("close"));
  const std::string address = holder->address().text();
  Process process({.arguments = {kBinary, "proxy", "--bind-retry", "1m", "--listen", "tcp:" + address, "--connect",
                                 "tcp:127.0.0.1:9"}});
  EXPECT_TRUE(eventually([&] { return process.err().find("trying again for bind-retry") != std::string::npos; }));
  holder->stop();
  holder.reset();
  EXPECT_TRUE(eventually([&] { return process.err().find("listening on " + address) != std::string::npos; }))
      << process.err();
  process.signal(SIGTERM);
  EXPECT_EQ(process.wait(), 0) << process.err();
}

TEST(Configuration, a_port_in_use_is_an_error_and_nothing_starts) {
  Server server = start_server("close");
  const Ended ended = run({"proxy", "--listen", "tcp:" + server.address().text(), "--connect", "tcp:127.0.0.1:9"});
  EXPECT_EQ(ended.status, 1) << ended.err;
  EXPECT_NE(ended.err.find(server.address().text()), std::string::npos) << ended.err;
  EXPECT_NE(ended.err.find("EADDRINUSE"), std::string::npos) << ended.err;
  server.stop();
}

TEST(Configuration, an_ipv4_wildcard_does_not_listen_on_ipv6) {
  Server server = start_server("close", {}, std::nullopt);
  Proxy::Options options;
  options.listen = "tcp:0.0.0.0:0";
  Proxy proxy(server.address(), options);
  Client four(*net::Address::parse("127.0.0.1", proxy.address().port()), script("expect fin"));
  EXPECT_TRUE(four.wait().as_scripted()) << four.wait().text();
  Client six(*net::Address::parse("::1", proxy.address().port()), script("expect fin"));
  EXPECT_FALSE(six.wait().connected);
  server.stop();
}

TEST(Configuration, an_ipv6_listener_forwards_to_ipv4) {
  Server server = start_server("expect fin; send 100K; close", {}, std::nullopt);
  Proxy::Options options;
  options.listen = "tcp:[::1]:0";
  if (!net::listen_tcp(*net::Address::parse("::1", 0), {}, 1)) GTEST_SKIP() << "no IPv6 here";
  Proxy proxy(server.address(), options);
  Client client(proxy.address(), script("send 100K; shutdown; expect fin"));
  EXPECT_TRUE(client.wait().as_scripted()) << client.wait().text();
  EXPECT_TRUE(proxy.record().client.address.starts_with("[::1]:"));
  server.stop();
}

TEST(Logs, are_readable_text_by_default) {
  Server server = start_server("expect fin; send 10; close");
  TemporaryDirectory directory;
  Proxy proxy(server.address(), {"--log-format", "text", "--name", "front", "--log-target", directory.file("log")});
  Client client(proxy.address(), script("send 5; shutdown; expect fin"));
  client.wait();
  ASSERT_TRUE(eventually([&] { return read_file(directory.file("log")).ends_with('\n'); }));
  const std::string line = read_file(directory.file("log"));
  for (const char* word : {"front", "complete", "client=fin", "upstream=fin", "received=5", "received=10"})
    EXPECT_NE(line.find(word), std::string::npos) << word << " in: " << line;
}

TEST(Logs, are_opened_anew_on_sigusr1) {
  Server server = start_server("expect fin; close", {}, std::nullopt);
  TemporaryDirectory directory;
  const std::string log = directory.file("records");
  Proxy proxy(server.address(), {"--log-target", log});
  const auto one_more = [&] { Client(proxy.address(), script("shutdown; expect fin")).wait(); };
  const auto records = [](const std::string& path) { return parse_records(read_file(path)).size(); };
  one_more();
  ASSERT_TRUE(eventually([&] { return records(log) == 1; }));
  std::filesystem::rename(log, log + ".1");
  proxy.process().signal(SIGUSR1);
  ASSERT_TRUE(eventually([&] { return std::filesystem::exists(log); }));
  one_more();
  EXPECT_TRUE(eventually([&] { return records(log) == 1; }));
  EXPECT_EQ(records(log + ".1"), 1U);
  server.stop();
}

TEST(Logs, that_cannot_be_written_hold_up_nobody) {
  Server server = start_server("expect fin; close", {}, std::nullopt);
  Proxy proxy(server.address(), {"--log-target", "/dev/full"});
  for (int i = 0; i < 10; ++i) {
    Client client(proxy.address(), script("shutdown; expect fin"));
    EXPECT_TRUE(client.wait().as_scripted()) << client.wait().text();
  }
  server.stop();
}

TEST(SocketActivation, takes_listening_sockets_from_the_service_manager) {
  Server server = start_server("expect fin; send 10; close", {}, std::nullopt);
  auto listening = net::listen_tcp(Server::loopback(), {}, 1);
  ASSERT_TRUE(listening);
  const net::Address address = net::local_address(listening->front().get());
  Proxy::Options options;
  options.listen = "tcp:" + address.text();
  options.passed_sockets = {listening->front().get()};
  Proxy proxy(server.address(), options);
  EXPECT_EQ(proxy.address(), address);
  // Clients that came before the daemon have waited, and are served.
  Client client(address, script("shutdown; expect fin"));
  EXPECT_TRUE(client.wait().as_scripted()) << client.wait().text();
  EXPECT_TRUE(proxy.record().complete);
  server.stop();
}

TEST(SocketActivation, works_with_systemds_own_tool) {
  const std::string tool = find_program("systemd-socket-activate");
  if (tool.empty()) GTEST_SKIP() << "systemd-socket-activate is not installed";
  // It cannot let the kernel choose a port, so the test takes one that was just closed.
  net::Address address;
  {
    auto listening = net::listen_tcp(Server::loopback(), {}, 1);
    ASSERT_TRUE(listening);
    address = net::local_address(listening->front().get());
  }
  Server server = start_server("expect fin; send 10; close", {}, std::nullopt);
  Process process({.arguments = {tool, "-l", address.text(), kBinary, "proxy", "--listen", "tcp:" + address.text(),
                                 "--connect", "tcp:" + server.address().text(), "--workers", "1"}});
  ASSERT_TRUE(eventually([&] { return process.err().find("Listening on") != std::string::npos; })) << process.err();
  Client client(address, script("shutdown; expect fin"));
  EXPECT_TRUE(client.wait().as_scripted()) << client.wait().text() << process.err();
  process.signal(SIGTERM);
  EXPECT_EQ(process.wait(), 0) << process.err();
  server.stop();
}

TEST(SocketActivation, a_socket_that_belongs_to_no_forwarding_is_an_error) {
  auto listening = net::listen_tcp(Server::loopback(), {}, 1);
  ASSERT_TRUE(listening);
  Process process({.arguments = {kBinary, "proxy", "--listen", "tcp:127.0.0.1:0", "--connect", "tcp:127.0.0.1:9"},
                   .passed_sockets = {listening->front().get()}});
  EXPECT_EQ(process.wait(), 1) << process.err();
  EXPECT_NE(process.err().find("belongs to no forwarding"), std::string::npos) << process.err();
}

}  // namespace
}  // namespace lastbyte::system_test
