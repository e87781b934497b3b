// T15: a reload adds, changes and removes forwardings, and loses no connection attempt and no session.
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <thread>

#include "net/socket/calls.h"
#include "net/tcp/listen.h"
#include "tests/harness/crowd.h"
#include "tests/harness/scene.h"
#include "tests/harness/storm.h"

namespace lastbyte::system_test {
namespace {

/// One forwarding of a configuration in the flow style. `more`: further settings, each after a comma.
std::string forwarding(const std::string& name, const std::string& listen, const net::Address& upstream,
                       const std::string& more = {}) {
  return fmt::format("  - {{name: {}, listen: 'tcp:{}', connect: 'tcp:{}'{}}}\n", name, listen, upstream.text(), more);
}

std::string config_of(const std::vector<std::string>& forwardings) {
  std::string text = "drain: 1h\nforwardings:\n";
  for (const std::string& each : forwardings) text += each;
  return text;
}

bool refuses(const net::Address& to) { return converse_once(to) == "connect: ECONNREFUSED"; }

std::size_t descriptors_of(pid_t pid) {
  const std::filesystem::directory_iterator all("/proc/" + std::to_string(pid) + "/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

/// Stops the daemon without counting its sockets.
void end(Proxy& proxy) {
  proxy.process().signal(SIGTERM);
  proxy.expect_end();
}

TEST(Reload, T15_adds_a_forwarding_while_a_session_of_another_goes_on) {
  Meeting meeting;
  PeerOptions options;
  options.meeting = &meeting;
  Server server = start_server("recv 1; signal ready; expect fin; send 5M; close", options, std::nullopt);
  Proxy proxy(server.address(), {.config = config_of({forwarding("one", "127.0.0.1:0", server.address())})});
  Client client(proxy.address(), script("send 1; await go; send 5M; shutdown; expect fin"), options);
  ASSERT_TRUE(eventually([&] { return meeting.count("ready") == 1; }));

  EchoServer echo;
  const net::Address added = free_address();
  const std::string said = proxy.reload(
      config_of({forwarding("one", "127.0.0.1:0", server.address()), forwarding("two", added.text(), echo.address())}));
  EXPECT_NE(said.find("added: " + added.text() + " -> " + echo.address().text() + " (two)"), std::string::npos) << said;
  EXPECT_NE(said.find("1 added, 0 changed, 0 removed, 1 as before"), std::string::npos) << said;
  EXPECT_EQ(converse_once(added), "");
  meeting.signal("go");
  EXPECT_TRUE(client.wait().as_scripted()) << client.wait().text();
  const auto records = proxy.records(2);
  for (const Record& record : records) EXPECT_TRUE(record.complete) << record.line;
  server.stop();
  end(proxy);
}

TEST(Reload, T15_changes_the_upstream_of_new_sessions_only) {
  Meeting meeting;
  PeerOptions options;
  options.meeting = &meeting;
  Server before = start_server("recv 1; signal ready; expect fin; send 3M; close", options, std::nullopt);
  Server after = start_server("expect fin; send 10; close", {}, std::nullopt);
  Proxy proxy(before.address(), {.config = config_of({forwarding("web", "127.0.0.1:0", before.address())})});
  Client old(proxy.address(), script("send 1; await go; send 3M; shutdown; expect fin"), options);
  ASSERT_TRUE(eventually([&] { return meeting.count("ready") == 1; }));

  const std::string said = proxy.reload(config_of({forwarding("web", "127.0.0.1:0", after.address())}));
  EXPECT_NE(said.find("changed (connect): " + proxy.address().text()), std::string::npos) << said;
  Client fresh(proxy.address(), script("send 7; shutdown; expect fin"));
  EXPECT_TRUE(fresh.wait().as_scripted()) << fresh.wait().text();
  meeting.signal("go");
  EXPECT_TRUE(old.wait().as_scripted()) << old.wait().text();
  const auto records = proxy.records(2);
  EXPECT_EQ(records[0].upstream.address, after.address().text());
  EXPECT_EQ(records[1].upstream.address, before.address().text());
  for (const Record& record : records) EXPECT_TRUE(record.complete) << record.line;
  before.stop();
  after.stop();
}

TEST(Reload, T15_removes_a_forwarding_whose_sessions_go_on_byte_for_byte) {
  Meeting meeting;
  PeerOptions options;
  options.meeting = &meeting;
  Server server = start_server("recv 1; signal ready; await go; recv 40M | send 40M; close", options);
  EchoServer echo;
  Proxy proxy(server.address(), {.config = config_of({forwarding("bulk", "127.0.0.1:0", server.address()),
                                                      forwarding("stays", "127.0.0.1:0", echo.address())})});
  Client client(proxy.address(), script("send 1; await go; send 40M | recv 40M; shutdown; expect fin"), options);
  ASSERT_TRUE(eventually([&] { return meeting.count("ready") == 1; }));
  meeting.signal("go");

  const std::string said = proxy.reload(config_of({forwarding("stays", "127.0.0.1:0", echo.address())}));
  EXPECT_NE(said.find("removed: " + proxy.address(0).text()), std::string::npos) << said;
  EXPECT_TRUE(eventually([&] { return refuses(proxy.address(0)); }));
  EXPECT_EQ(converse_once(proxy.address(1)), "");
  EXPECT_TRUE(client.wait().as_scripted()) << client.wait().text();
  const auto records = proxy.records(2);
  const auto bulk = std::ranges::find(records, "bulk", &Record::forwarding);
  ASSERT_NE(bulk, records.end());
  EXPECT_TRUE(bulk->complete) << bulk->line;
  EXPECT_EQ(bulk->client.delivered, client.wait().sent);
  end(proxy);
}

TEST(Reload, T15_a_connect_storm_sees_nothing_of_twenty_reloads) {
  EchoServer one;
  EchoServer two;
  Proxy proxy(one.address(), {.config = config_of({forwarding("web", "127.0.0.1:0", one.address())})});
  {
    Storm storm(proxy.address());
    for (int round = 0; round < 20; ++round) {
      const bool even = round % 2 == 0;
      const std::string more = even ? ", client: {backlog: 100, nodelay: false}, limits: {idle: 1h}"
                                    : ", client: {defer-accept: 1s, keepalive: {enabled: false}}, max-sessions: 1000";
      std::vector<std::string> all{forwarding("web", "127.0.0.1:0", even ? two.address() : one.address(), more)};
      if (even) all.push_back(forwarding("other", "127.0.0.1:0", one.address()));
      const std::string said = proxy.reload(config_of(all));
      EXPECT_NE(said.find("1 changed"), std::string::npos) << said;
      storm.wait_for(20);
    }
  }
  end(proxy);
}

// Normally neither address can be bound while the other is. Each takes over from the other.
TEST(Reload, T15_a_connect_storm_sees_nothing_of_a_listener_that_moves_between_addresses) {
  EchoServer echo;
  const std::string port = std::to_string(free_address().port());
  const net::Address to = *net::Address::parse("127.0.0.1", static_cast<std::uint16_t>(std::stoi(port)));
  Proxy proxy(echo.address(), {.config = config_of({forwarding("web", "127.0.0.1:" + port, echo.address())})});
  {
    Storm storm(to);
    for (int round = 0; round < 6; ++round) {
      const std::string host = round % 2 == 0 ? "0.0.0.0:" : "127.0.0.1:";
      const std::string said = proxy.reload(config_of({forwarding("web", host + port, echo.address())}));
      EXPECT_NE(said.find("changed (listen): " + host + port), std::string::npos) << said;
      storm.wait_for(5);
    }
  }
  end(proxy);
}

TEST(Reload, T15_clients_in_the_queue_of_a_removed_listener_are_served) {
  EchoServer echo;
  Proxy proxy(echo.address(),
              {.flags = {"--workers", "1"},
               .config = config_of({forwarding("narrow", "127.0.0.1:0", echo.address(), ", max-sessions: 1"),
                                    forwarding("stays", "127.0.0.1:0", echo.address())})});
  auto first = connect_crowd(proxy.address(), 1);
  converse(first);
  // The clients are connected but not accepted: there is room for one.
  auto waiting = connect_crowd(proxy.address(), 5);
  proxy.reload(config_of({forwarding("stays", "127.0.0.1:0", echo.address())}));
  first.clear();
  for (Descriptor& each : waiting) {
    std::vector<Descriptor> one;
    one.push_back(std::move(each));
    converse(one);
  }
  // When the last of them is gone, the listener closes.
  EXPECT_TRUE(eventually([&] { return refuses(proxy.address()); }));
  EXPECT_TRUE(eventually([&] { return proxy.process().sockets() < proxy.sockets_at_start(); }));
  end(proxy);
}

/// With TCP_DEFER_ACCEPT a handshake is pending until the client's first bytes arrive.
TEST(Reload, T15_a_handshake_under_way_at_a_removed_listener_is_completed_and_served) {
  EchoServer echo;
  const net::Address at = free_address();
  const std::string stays = forwarding("stays", "127.0.0.1:0", echo.address());
  const std::string both =
      config_of({stays, forwarding("goes", at.text(), echo.address(), ", client: {defer-accept: 1m}")});
  Proxy proxy(echo.address(), {.config = both});
  bool in_time = false;
  for (int round = 0; round < 10 && !in_time; ++round) {
    if (round > 0) proxy.reload(both);
    const auto clients = connect_crowd(at, 1);
    const auto began = std::chrono::steady_clock::now();
    proxy.reload(config_of({stays}));
    EXPECT_EQ(::send(clients[0].get(), "hello", 5, MSG_NOSIGNAL), 5);
    // Repeats if the machine stalled: handshakes have two seconds.
    in_time = std::chrono::steady_clock::now() - began < std::chrono::seconds(1);
    if (!in_time) continue;
    std::string answer(5, '\0');
    EXPECT_EQ(::recv(clients[0].get(), answer.data(), answer.size(), MSG_WAITALL), 5) << errno_name(errno);
  }
  EXPECT_TRUE(in_time) << "this machine is too slow";
  end(proxy);
}

TEST(Reload, T15_a_removed_forwarding_can_come_back_at_once) {
  EchoServer echo;
  const std::string at = free_address().text();
  const std::string web = forwarding("web", at, echo.address());
  const std::string stays = forwarding("stays", "127.0.0.1:0", echo.address());
  Proxy proxy(echo.address(), {.config = config_of({web, stays})});
  for (int round = 0; round < 3; ++round) {
    proxy.reload(config_of({stays}));
    const std::string said = proxy.reload(config_of({stays, web}));
    EXPECT_NE(said.find("added: " + at), std::string::npos) << said;
    EXPECT_EQ(converse_once(proxy.address()), "");
  }
  end(proxy);
}

std::string unix_forwarding(const std::string& path, const net::Address& upstream, const std::string& more) {
  return fmt::format("  - {{name: local, listen: 'unix:{}', connect: 'tcp:{}'{}}}\n", path, upstream.text(), more);
}

TEST(Reload, T15_a_unix_path_is_added_changed_and_removed_with_its_file) {
  EchoServer echo;
  TemporaryDirectory directory;
  const std::string path = directory.file("local.sock");
  const net::Address at = *net::Address::unix_name(path);
  const std::string stays = forwarding("stays", "127.0.0.1:0", echo.address());
  const auto mode = [&] { return std::filesystem::status(path).permissions(); };
  Proxy proxy(echo.address(), {.config = config_of({stays})});

  proxy.reload(config_of({stays, unix_forwarding(path, echo.address(), ", client: {unix-mode: 0600}")}));
  EXPECT_EQ(converse_once(at), "");
  EXPECT_EQ(mode(), std::filesystem::perms(0600));
  auto open = connect_crowd(at, 1);
  converse(open);
  {
    Storm storm(at, 2);
    for (int round = 0; round < 6; ++round) {
      const std::string more = round % 2 == 0 ? ", client: {unix-mode: 0666, backlog: 7}" : ", limits: {idle: 1h}";
      const std::string said = proxy.reload(config_of({stays, unix_forwarding(path, echo.address(), more)}));
      EXPECT_NE(said.find("1 changed"), std::string::npos) << said;
      if (round % 2 == 0) {
        EXPECT_EQ(mode(), std::filesystem::perms(0666));
      }
      storm.wait_for(5);
    }
  }
  proxy.reload(config_of({stays}));
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_EQ(converse_once(at), "connect: ENOENT");
  converse(open);
  proxy.reload(config_of({stays, unix_forwarding(path, echo.address(), "")}));
  EXPECT_EQ(converse_once(at), "");
  open.clear();
  end(proxy);
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(Reload, T15_two_signals_in_a_row_leave_the_newest_file_in_force) {
  EchoServer one;
  Server two = start_server("expect fin; send 10; close", {}, std::nullopt);
  Proxy proxy(one.address(), {.config = config_of({forwarding("web", "127.0.0.1:0", one.address())})});
  write_file(proxy.config_path(), config_of({forwarding("web", "127.0.0.1:0", two.address())}));
  for (int each = 0; each < 5; ++each) proxy.process().signal(SIGHUP);
  Client client(proxy.address(), script("shutdown; expect fin"));
  ASSERT_TRUE(eventually([&] { return proxy.process().err().find("changed (connect)") != std::string::npos; }));
  Client late(proxy.address(), script("shutdown; expect fin"));
  EXPECT_EQ(late.wait().received, 10U) << late.wait().text();
  client.wait();
  two.stop();
}

TEST(Reload, T15_a_hundred_reloads_leave_no_descriptor_behind) {
  EchoServer echo;
  const std::string stays = forwarding("stays", "127.0.0.1:0", echo.address());
  const std::string moves = free_address().text();
  Proxy proxy(echo.address(), {.config = config_of({stays})});
  proxy.reload(config_of({stays, forwarding("moves", moves, echo.address())}));
  proxy.reload(config_of({stays}));
  const auto settled = [&] { return proxy.process().sockets() <= proxy.sockets_at_start(); };
  // A worker's first client makes it keep a descriptor.
  for (int client = 0; client < 30; ++client) EXPECT_EQ(converse_once(proxy.address()), "");
  ASSERT_TRUE(eventually(settled));
  const std::size_t before = descriptors_of(proxy.process().pid());
  for (int round = 0; round < 100; ++round) {
    std::vector<std::string> all{stays};
    if (round % 2 == 0) all.push_back(forwarding("moves", moves, echo.address()));
    if (round % 3 == 0) all.push_back(forwarding("new", "127.0.0.1:0", echo.address()));
    proxy.reload(config_of(all));
    if (round % 10 == 0) {
      EXPECT_EQ(converse_once(proxy.address()), "");
    }
  }
  proxy.reload(config_of({stays}));
  ASSERT_TRUE(eventually(settled)) << proxy.process().sockets();
  EXPECT_TRUE(eventually([&] { return descriptors_of(proxy.process().pid()) <= before; }))
      << descriptors_of(proxy.process().pid()) << " descriptors, " << before << " before";
}

TEST(Reload, T15_passed_sockets_stay_and_serve_what_is_new) {
  Server server = start_server("expect fin; send 10; close", {}, std::nullopt);
  EchoServer echo;
  auto listening = net::listen_tcp(Server::loopback(), {}, 1);
  ASSERT_TRUE(listening);
  const net::Address address = net::local_address(listening->front().get());
  Proxy proxy(echo.address(), {.config = config_of({forwarding("web", address.text(), echo.address())}),
                               .passed_sockets = {listening->front().get()}});
  EXPECT_EQ(converse_once(address), "");
  const std::string said = proxy.reload(config_of({forwarding("web", address.text(), server.address())}));
  EXPECT_NE(said.find("1 changed"), std::string::npos) << said;
  Client client(address, script("shutdown; expect fin"));
  EXPECT_EQ(client.wait().received, 10U) << client.wait().text();
  const std::string refused = proxy.reload(config_of({forwarding("web", "127.0.0.1:0", server.address())}));
  EXPECT_NE(refused.find("belongs to no forwarding"), std::string::npos) << refused;
  Client again(address, script("shutdown; expect fin"));
  EXPECT_EQ(again.wait().received, 10U) << again.wait().text();
  server.stop();
}

}  // namespace
}  // namespace lastbyte::system_test
