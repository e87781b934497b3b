// T14: UNIX sockets in operation: connecting, listening, stopping, and the peer's credentials.
#include <gtest/gtest.h>
#include <pwd.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "tests/harness/ways.h"

namespace lastbyte::system_test {
namespace {

namespace fs = std::filesystem;

Proxy::Options at(const TemporaryDirectory& directory, const Flags& flags = {}) {
  return {.flags = flags, .listen = "unix:" + directory.file("proxy.sock")};
}

TEST(Connecting, T14_nobody_there_is_a_failure_at_once) {
  const TemporaryDirectory directory;
  for (const bool stale : {false, true}) {
    std::optional<UnixServer> server;
    if (stale) {
      server.emplace(directory);
      server->listening.close();
    }
    Proxy proxy(*net::Address::unix_name(directory.file("server.sock")), Flags{});
    const Descriptor client = connect_to(proxy.address());
    EXPECT_EQ(read_to_end(client).end, "ECONNRESET") << "T3: never a clean, empty answer";
    const Record record = proxy.record();
    EXPECT_EQ(record.upstream.end, "unreachable") << record.line;
    EXPECT_EQ(record.upstream.error, stale ? "ECONNREFUSED" : "ENOENT") << record.line;
  }
}

TEST(Connecting, T14_a_datagram_socket_is_an_error_at_start_and_reload) {
  const TemporaryDirectory directory;
  const auto path = *net::Address::unix_name(directory.file("log"));
  const auto abstract = *net::Address::unix_name("@lastbyte-test-log-" + std::to_string(::getpid()));
  const std::string words = ": Protocol wrong type for socket (EPROTOTYPE): it is a datagram socket; expected a stream";
  std::vector<Descriptor> sockets;
  for (const net::Address& each : {path, abstract}) {
    sockets.emplace_back(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(::bind(sockets.back().get(), each.data(), each.size()), 0);
    Process process({.arguments = {LASTBYTE_BINARY, "proxy", "--listen", "tcp:127.0.0.1:0", "--name", "log",
                                   "--connect", each.text()}});
    EXPECT_EQ(process.wait(), 1);
    EXPECT_NE(process.err().find("forwarding 'log': connect " + each.text() + words), std::string::npos)
        << process.err();
  }
  const UnixServer server(directory);
  const auto config = [](const net::Address& to) {
    return "forwardings:\n  - {listen: 'tcp:127.0.0.1:0', connect: '" + to.text() + "'}\n";
  };
  Proxy proxy(server.address, Proxy::Options{.config = config(server.address)});
  EXPECT_NE(proxy.reload(config(path)).find("connect " + path.text() + words), std::string::npos);
  const Descriptor client = connect_to(proxy.address());
  const Descriptor upstream = server.accept();
}

TEST(Connecting, T14_a_full_backlog_is_tried_again_until_there_is_room) {
  const TemporaryDirectory directory;
  const UnixServer server(directory, "server.sock", 0);
  const Descriptor first = connect_to(server.address);
  Proxy proxy(server.address, Flags{});
  const Descriptor client = connect_to(proxy.address());
  send_all(client, "early");
  ::shutdown(client.get(), SHUT_WR);
  usleep(100'000);  // nothing can show that it waits; whatever it does by now, the rest must hold
  const Descriptor taken = server.accept();
  const Descriptor upstream = server.accept();
  EXPECT_EQ(read_to_end(upstream).bytes, "early");
  send_all(upstream, "answer");
  ::shutdown(upstream.get(), SHUT_WR);
  EXPECT_EQ(read_to_end(client).bytes, "answer");
  EXPECT_TRUE(proxy.record().complete);
}

TEST(Connecting, T14_a_backlog_that_stays_full_ends_at_the_connect_limit) {
  const TemporaryDirectory directory;
  const UnixServer server(directory, "server.sock", 0);
  const Descriptor first = connect_to(server.address);
  Proxy proxy(server.address, Flags{"--limits-connect", "400ms"});
  const Descriptor client = connect_to(proxy.address());
  EXPECT_EQ(read_to_end(client).end, "ECONNRESET");
  const Record record = proxy.record();
  EXPECT_EQ(record.limit, "connect") << record.line;
  EXPECT_EQ(record.upstream.error, "EAGAIN") << record.line;
  EXPECT_EQ(record.upstream.address, server.address.text()) << record.line;
  EXPECT_GE(record.duration_us, 400'000) << record.line;
}

TEST(UnixRecords, T14_tell_who_is_behind_a_unix_socket) {
  const TemporaryDirectory directory;
  const UnixServer server(directory);
  Proxy proxy(server.address, at(directory));
  {
    const Descriptor client = connect_to(proxy.address());
    const Descriptor upstream = server.accept();
  }
  const std::string peer = "\"peer\":{\"pid\":" + std::to_string(::getpid()) +
                           ",\"uid\":" + std::to_string(::getuid()) + ",\"gid\":" + std::to_string(::getgid()) + "}";
  const Record record = proxy.record();
  const auto first = record.line.find(peer);
  ASSERT_NE(first, std::string::npos) << record.line;
  EXPECT_NE(record.line.find(peer, first + 1), std::string::npos) << record.line;
  EXPECT_EQ(record.client.address, "unix:");
  EXPECT_EQ(record.upstream.address, server.address.text());
}

TEST(Listening, T14_all_workers_serve_one_socket_and_its_file_goes_at_the_stop) {
  const TemporaryDirectory directory;
  const UnixServer server(directory);
  {
    Proxy proxy(server.address, at(directory, {"--workers", "4", "--client-unix-mode", "0600"}));
    struct stat status{};
    ASSERT_EQ(::lstat(directory.file("proxy.sock").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0600U);
    for (int round = 0; round < 20; ++round) {
      const Descriptor client = connect_to(proxy.address());
      const Descriptor upstream = server.accept();
    }
    proxy.records(20);
  }
  EXPECT_FALSE(fs::exists(directory.file("proxy.sock")));
}

TEST(Listening, T14_what_a_killed_process_left_behind_is_replaced) {
  const TemporaryDirectory directory;
  const UnixServer server(directory);
  {
    Proxy killed(server.address, at(directory));
    killed.process().signal(SIGKILL);
    killed.process().wait();
    killed.abandon();
  }
  ASSERT_TRUE(fs::is_socket(directory.file("proxy.sock")));
  Proxy proxy(server.address, at(directory));
  const Descriptor client = connect_to(proxy.address());
  const Descriptor upstream = server.accept();
}

TEST(Listening, T14_a_path_that_is_taken_is_an_error_at_start_and_is_left_alone) {
  const TemporaryDirectory directory;
  const UnixServer server(directory);
  const auto expect_error = [&](const std::string& words) {
    Process process({.arguments = {LASTBYTE_BINARY, "proxy", "--listen", "unix:" + directory.file("proxy.sock"),
                                   "--connect", server.address.text()}});
    EXPECT_EQ(process.wait(), 1);
    EXPECT_NE(process.err().find(words), std::string::npos) << process.err();
  };
  write_file(directory.file("proxy.sock"), "precious");
  expect_error("a file is there, which is not replaced");
  EXPECT_EQ(read_file(directory.file("proxy.sock")), "precious");
  fs::remove(directory.file("proxy.sock"));
  const UnixServer other(directory, "proxy.sock");
  expect_error("the socket there belongs to a process that lives");
  const Descriptor still = connect_to(other.address);
}

TEST(Listening, T14_a_file_that_the_user_may_not_remove_is_told_at_the_stop) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  const passwd* nobody = ::getpwnam("nobody");
  if (nobody == nullptr) GTEST_SKIP() << "needs the user nobody";
  const TemporaryDirectory directory;
  ASSERT_EQ(::chmod(directory.path().c_str(), 0755), 0);
  const UnixServer server(directory);
  ASSERT_EQ(::chmod(server.address.unix_name().c_str(), 0666), 0);
  {
    Proxy proxy(server.address, at(directory, {"--user", "nobody", "--client-unix-mode", "0666", "--client-unix-uid",
                                               std::to_string(nobody->pw_uid)}));
    struct stat status{};
    ASSERT_EQ(::lstat(directory.file("proxy.sock").c_str(), &status), 0);
    EXPECT_EQ(status.st_uid, nobody->pw_uid);
    proxy.stop();
    EXPECT_NE(proxy.process().err().find("warning: remove the socket unix:"), std::string::npos)
        << proxy.process().err();
  }
  EXPECT_TRUE(fs::is_socket(directory.file("proxy.sock")));
}

TEST(Listening, T14_the_root_of_another_process_is_a_path_too) {
  const TemporaryDirectory directory;
  const UnixServer server(directory);
  const std::string root = "/proc/" + std::to_string(::getpid()) + "/root";
  Proxy proxy(*net::Address::unix_name(root + server.address.unix_name()),
              Proxy::Options{.listen = "unix:" + root + directory.file("proxy.sock")});
  const Descriptor client = connect_to(*net::Address::unix_name(directory.file("proxy.sock")));
  const Descriptor upstream = server.accept();
  send_all(client, "x");
  ::shutdown(client.get(), SHUT_WR);
  EXPECT_EQ(read_to_end(upstream).bytes, "x");
}

/// Abstract names on the client's side, the upstream's, or both.
TEST(AbstractNames, T2_each_half_closes_by_itself_on_every_combination) {
  const std::string name = "@lastbyte-test-" + std::to_string(::getpid());
  const auto proxy_name = *net::Address::unix_name(name);
  const auto server_name = *net::Address::unix_name(name + "-server");
  for (const auto& [from_abstract, to_abstract] : {std::pair(true, true), {true, false}, {false, true}}) {
    for (const auto& [client_does, server_does] :
         {std::pair("send 100K; shutdown; expect fin", "expect fin; send 100K; close"),
          {"expect fin; send 100K; close", "send 100K; shutdown; expect fin"}}) {
      SCOPED_TRACE(std::string(from_abstract ? "@" : "tcp") + " -> " + (to_abstract ? "@: " : "tcp: ") + client_does);
      auto server = peers::Server::start(script(server_does), {}, 1, to_abstract ? server_name : Server::loopback());
      ASSERT_TRUE(server) << server.error().text();
      Proxy::Options options;
      if (from_abstract) options.listen = "unix:" + name;
      Proxy proxy(server->address(), options);
      Client client(from_abstract ? proxy_name : proxy.address(), script(client_does));
      EXPECT_TRUE(client.wait().as_scripted()) << client.wait().text();
      const auto served = server->wait();
      EXPECT_TRUE(served.at(0).as_scripted()) << served.at(0).text();
      EXPECT_EQ(client.wait().received, 100U * 1024);
      EXPECT_EQ(served.at(0).received, 100U * 1024);
      EXPECT_TRUE(proxy.record().complete);
    }
  }
}

}  // namespace
}  // namespace lastbyte::system_test
