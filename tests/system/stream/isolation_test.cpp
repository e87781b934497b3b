// T12: no session harms another session, the listener or the process.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <filesystem>
#include <set>
#include <thread>

#include "tests/harness/crowd.h"
#include "tests/harness/scene.h"

namespace lastbyte::system_test {
namespace {

std::size_t count_of(const std::string& text, const std::string& what) {
  std::size_t count = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++count;
  return count;
}

/// One forwarding to each address, in order.
Proxy::Options forwardings(const std::vector<net::Address>& upstreams) {
  Proxy::Options options;
  options.config = "forwardings:\n";
  for (std::size_t i = 0; i < upstreams.size(); ++i) {
    // Two equal listening endpoints would be an error, so each has a loopback address of its own.
    options.config +=
        "  - listen: tcp:127.0.0." + std::to_string(i + 1) + ":0\n    connect: tcp:" + upstreams[i].text() + "\n";
  }
  return options;
}

/// Sets the soft limit; nullopt: raises it to the hard one.
void set_descriptor_limit(pid_t pid, std::optional<rlim_t> soft) {
  rlimit limit{};
  ASSERT_EQ(::prlimit(pid, RLIMIT_NOFILE, nullptr, &limit), 0);
  limit.rlim_cur = soft.value_or(limit.rlim_max);
  ASSERT_EQ(::prlimit(pid, RLIMIT_NOFILE, &limit, nullptr), 0);
}

/// Limits its private memory to `more_kib` above the present amount; nullopt: no limit.
void limit_memory(const Process& process, std::optional<std::uint64_t> more_kib) {
  rlimit limit{RLIM_INFINITY, RLIM_INFINITY};
  if (more_kib) {
    const std::string status = read_file("/proc/" + std::to_string(process.pid()) + "/status");
    const std::size_t at = status.find("VmData:");
    ASSERT_NE(at, std::string::npos);
    limit.rlim_cur = (std::stoull(status.substr(at + 7)) + *more_kib) * 1024;
  }
  ASSERT_EQ(::prlimit(process.pid(), RLIMIT_DATA, &limit, nullptr), 0);
}

TEST(Isolation, T12_want_of_memory_ends_neither_the_process_nor_the_sessions_that_have_what_they_need) {
  if (built_with_sanitizer()) GTEST_SKIP() << "a sanitizer ends the process where memory is short";
  const EchoServer server;
  Proxy proxy(server.address(), {"--workers", "1"});
  const std::vector<Descriptor> early = connect_crowd(proxy.address(), 1);
  converse(early);
  limit_memory(proxy.process(), 256);
  std::vector<Descriptor> crowd = connect_crowd(proxy.address(), 3000);
  ASSERT_TRUE(eventually([&] {
    const std::string said = proxy.process().err();
    return said.find("no memory") != std::string::npos || said.find("ENOMEM") != std::string::npos ||
           !proxy.process().running();
  })) << proxy.process().err();
  ASSERT_TRUE(proxy.process().running()) << proxy.process().err();
  converse(early);
  crowd.clear();
  limit_memory(proxy.process(), std::nullopt);
  converse(connect_crowd(proxy.address(), 1));
}

TEST(Isolation, T12_a_reset_storm_does_not_disturb_a_transfer) {
  constexpr std::uint32_t kStorm = 300;
  Meeting meeting;
  PeerOptions options;
  options.meeting = &meeting;
  Server server = start_server("send 1 | read", options, std::nullopt);
  Server calm_server = start_server("recv 20M | send 20M; expect fin", options);
  Proxy proxy(server.address(), forwardings({calm_server.address(), server.address()}));
  Client calm(proxy.address(0), script("send 20M by 256K every 10ms | recv 20M; shutdown; expect fin"), options);
  const std::vector<std::string> endings{"reset", "send 100K; reset", "recv 1; reset",
                                         "send 1; flush; sleep 2ms; reset", "recv 1; flood | sleep 3ms; reset"};
  for (std::uint32_t done = 0; done < kStorm;) {
    std::vector<Client> storm;
    for (int i = 0; i < 10; ++i)
      storm.emplace_back(proxy.address(1), script(endings[done++ % endings.size()]), options);
    for (Client& client : storm) client.wait();
  }
  EXPECT_TRUE(calm.wait().as_scripted()) << calm.wait().text();
  EXPECT_TRUE(calm_server.wait().at(0).as_scripted());
  proxy.records(kStorm + 1);
  // The storm's listener still works.
  Client after(proxy.address(1), script("recv 1; shutdown; read"), options);
  EXPECT_TRUE(after.wait().as_scripted()) << after.wait().text();
  proxy.records(kStorm + 2);
  server.stop();
}

TEST(Isolation, T12_connecting_to_a_black_hole_delays_nobody) {
  constexpr std::size_t kLost = 50;
  Server hole = start_server("close", {}, std::nullopt);
  ASSERT_TRUE(hole.set_deaf(true));
  Server server = start_server("expect fin; send 10; close", {}, 20);
  Proxy::Options options = forwardings({hole.address(), server.address()});
  options.flags = {"--workers", "1"};
  Proxy proxy(server.address(), options);
  std::vector<Client> lost;
  for (std::size_t i = 0; i < kLost; ++i) lost.emplace_back(proxy.address(0), script("read"));
  EXPECT_TRUE(proxy.wait_for_sessions(kLost));
  for (int i = 0; i < 20; ++i) {
    Client client(proxy.address(1), script("send 10; shutdown; expect fin"));
    EXPECT_TRUE(client.wait().as_scripted()) << client.wait().text();
  }
  for (const Record& record : proxy.records(20)) EXPECT_TRUE(record.complete) << record.line;
  // All of them went while the others were still connecting.
  EXPECT_EQ(proxy.process().sockets(), proxy.sockets_at_start() + 2 * kLost);
  lost.clear();
  for (const Record& record : proxy.records(20 + kLost)) EXPECT_TRUE(record.complete || record.connect_us < 0);
  hole.stop();
}

TEST(Isolation, T12_a_stalled_session_does_not_stall_others_of_its_worker) {
  Meeting meeting;
  PeerOptions options;
  options.meeting = &meeting;
  Server server = start_server("flood | read", options, std::nullopt);
  Proxy proxy(server.address(), {"--workers", "1"});
  // Neither client reads what the server sends, nor ends.
  Client stalled(proxy.address(), script("window 4K; signal stalled; await over"), options);
  Client second(proxy.address(), script("window 4K; signal stalled; await over"), options);
  ASSERT_TRUE(eventually([&] { return meeting.count("stalled") == 2; }));
  for (int i = 0; i < 5; ++i) {
    Client client(proxy.address(), script("recv 3M; shutdown; read"), options);
    EXPECT_TRUE(client.wait().as_scripted()) << client.wait().text();
  }
  meeting.signal("over");
  stalled.wait();
  second.wait();
  server.stop();
}

TEST(Isolation, T12_a_flood_of_clients_that_go_at_once_leaves_nothing_behind) {
  Server server = start_server("read", {}, std::nullopt);
  Proxy proxy(server.address());
  constexpr int kFlood = 1000;
  for (int done = 0; done < kFlood; done += 20) {
    std::vector<Client> clients;
    for (int i = 0; i < 20; ++i) clients.emplace_back(proxy.address(), script(i % 2 == 0 ? "close" : "send 7; close"));
    for (Client& client : clients) client.wait();
  }
  proxy.records(kFlood);
  server.stop();
}

class DescriptorShortage : public ::testing::Test {
 protected:
  /// Leaves the daemon exactly `more` descriptors: they get the lowest free numbers.
  static void leave(Proxy& proxy, int more) {
    std::set<rlim_t> open;
    for (const auto& each :
         std::filesystem::directory_iterator("/proc/" + std::to_string(proxy.process().pid()) + "/fd"))
      open.insert(std::stoul(each.path().filename()));
    rlim_t limit = 0;
    for (int free = 0; free < more || open.contains(limit); ++limit)
      if (!open.contains(limit)) ++free;
    set_descriptor_limit(proxy.process().pid(), limit);
  }
};

TEST_F(DescriptorShortage, T12_pauses_accepting_without_spinning_and_recovers) {
  Meeting meeting;
  PeerOptions options;
  options.meeting = &meeting;
  Server server = start_server("send 1; expect fin; send 10; close", options, std::nullopt);
  Proxy proxy(server.address(), {"--workers", "1"});
  Client first(proxy.address(), script("recv 1; signal first; await go; shutdown; expect fin"), options);
  ASSERT_TRUE(eventually([&] { return meeting.count("first") == 1; }));
  leave(proxy, 0);
  std::vector<Client> waiting;
  for (int i = 0; i < 10; ++i) waiting.emplace_back(proxy.address(), script("shutdown; expect fin"), options);
  ASSERT_TRUE(eventually([&] { return proxy.process().err().find("accepting pauses") != std::string::npos; }));

  const milliseconds before = proxy.process().cpu_time();
  std::this_thread::sleep_for(milliseconds(2000));  // the measured time
  EXPECT_LT(proxy.process().cpu_time() - before, milliseconds(400));
  EXPECT_EQ(count_of(proxy.process().err(), "accepting pauses"), 1U) << proxy.process().err();

  // Open sessions continue.
  meeting.signal("go");
  EXPECT_TRUE(first.wait().as_scripted()) << first.wait().text();
  set_descriptor_limit(proxy.process().pid(), std::nullopt);
  for (Client& client : waiting) EXPECT_TRUE(client.wait().as_scripted()) << client.wait().text();
  for (const Record& record : proxy.records(11)) EXPECT_TRUE(record.complete) << record.line;
  server.stop();
}

// One free descriptor is enough for a client but not for its upstream.
TEST_F(DescriptorShortage, T12_clients_wait_until_there_is_one_for_the_upstream_too) {
  Server server = start_server("expect fin; send 10; close", {}, std::nullopt);
  Proxy proxy(server.address(), {"--workers", "1"});
  leave(proxy, 1);
  Client client(proxy.address(), script("shutdown; expect fin"));
  ASSERT_TRUE(eventually([&] { return proxy.process().err().find("accepting pauses") != std::string::npos; }));
  EXPECT_TRUE(proxy.records_so_far().empty());
  set_descriptor_limit(proxy.process().pid(), 20000);
  EXPECT_TRUE(client.wait().as_scripted()) << client.wait().text();
  EXPECT_TRUE(proxy.record().complete);
  server.stop();
}

TEST_F(DescriptorShortage, T12_that_comes_and_goes_resets_nobody_and_is_told_once) {
  for (const int budget : {3, 4}) {
    Server server = start_server("send 1; expect fin; send 10; close", {}, std::nullopt);
    Proxy proxy(server.address(), {"--workers", "1"});
    leave(proxy, budget);
    constexpr std::size_t kRounds = 3;
    constexpr std::size_t kClients = 20;
    for (std::size_t round = 0; round < kRounds; ++round) {
      std::vector<Client> clients;
      for (std::size_t i = 0; i < kClients; ++i)
        clients.emplace_back(proxy.address(), script("recv 1; sleep 5ms; shutdown; expect fin"));
      for (Client& client : clients) EXPECT_TRUE(client.wait().as_scripted()) << client.wait().text();
    }
    for (const Record& record : proxy.records(kRounds * kClients)) EXPECT_TRUE(record.complete) << record.line;
    EXPECT_EQ(count_of(proxy.process().err(), "accepting pauses"), 1U) << proxy.process().err();
    server.stop();
  }
}

TEST_F(DescriptorShortage, T12_is_told_to_be_over_once) {
  Server server = start_server("expect fin; close", {}, std::nullopt);
  Proxy proxy(server.address());
  leave(proxy, 0);
  Client client(proxy.address(), script("shutdown; expect fin"));
  ASSERT_TRUE(eventually([&] { return proxy.process().err().find("accepting pauses") != std::string::npos; }));
  set_descriptor_limit(proxy.process().pid(), 20000);
  EXPECT_TRUE(client.wait().as_scripted()) << client.wait().text();
  EXPECT_TRUE(eventually([&] { return proxy.process().err().find("accepting again") != std::string::npos; }));
  EXPECT_EQ(count_of(proxy.process().err(), "accepting pauses"), 1U) << proxy.process().err();
  EXPECT_EQ(count_of(proxy.process().err(), "accepting again"), 1U) << proxy.process().err();
  server.stop();
}

TEST_F(DescriptorShortage, T12_too_few_at_the_start_is_an_error) {
  TemporaryDirectory directory;
  Process process({.arguments = {LASTBYTE_BINARY, "proxy", "--listen", "tcp:127.0.0.1:0", "--connect",
                                 "tcp:127.0.0.1:9", "--max-sessions", "5000"},
                   .descriptors = 1000});
  EXPECT_EQ(process.wait(), 1);
  EXPECT_NE(process.err().find("5000"), std::string::npos) << process.err();
  EXPECT_NE(process.err().find("1000"), std::string::npos) << process.err();
}

}  // namespace
}  // namespace lastbyte::system_test
