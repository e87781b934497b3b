// Network namespaces on either side: LXD's bind=host (listen here, connect in the instance), bind=instance (the
// opposite), and both at once. A "container" is a process in a network of its own.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <sstream>
#include <thread>

#include "net/namespace/enter.h"
#include "tests/harness/container.h"
#include "tests/harness/datagrams.h"
#include "tests/harness/scene.h"

namespace lastbyte::system_test {
namespace {

constexpr const char* kBinary = LASTBYTE_BINARY;

Flags flags_for(Place client, Place server) {
  Flags flags;
  if (client != nullptr) flags.insert(flags.end(), {"--client-netns", client->name()});
  if (server != nullptr) flags.insert(flags.end(), {"--upstream-netns", server->name()});
  return flags;
}

/// Plays one session through a proxy outside the containers.
Played play_between(Place client, Place server, std::string_view client_text, std::string_view server_text) {
  Played played;
  Server serving = serve_at(server, server_text);
  Proxy proxy(serving.address(), flags_for(client, server));
  played.client = connect_at(client, proxy.address(), client_text);
  played.record = proxy.record();
  played.server = serving.wait().at(0);
  return played;
}

class Netns : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!one_.up() || !two_.up()) GTEST_SKIP() << "no right to make a network namespace, or no unshare(1) or ip(8)";
  }

  Container one_;
  Container two_;
};

TEST_F(Netns, T1_t2_half_close_both_ways_from_and_to_every_side) {
  const std::pair<Place, Place> ways[] = {{nullptr, &one_}, {&one_, nullptr}, {&one_, &two_}, {&one_, &one_}};
  for (const auto& [client, server] : ways) {
    expect_complete(play_between(client, server, "send 3M; shutdown; expect fin", "expect fin; send 3M; close"));
    expect_complete(play_between(client, server, "expect fin; send 3M; close", "send 3M; shutdown; expect fin"));
  }
}

TEST_F(Netns, T4_a_reset_of_the_upstream_in_there_is_one_for_the_client) {
  const Played played = play_between(nullptr, &one_, "send 10; expect reset", "recv 10; reset");
  EXPECT_TRUE(played.client.as_scripted()) << played.text();
}

TEST_F(Netns, listening_in_there_is_not_listening_here) {
  Server server = serve_at(nullptr, "close", Server::loopback(), std::nullopt);
  Proxy proxy(server.address(), flags_for(&one_, nullptr));
  EXPECT_EQ(connect_at(nullptr, proxy.address(), "read").error, ECONNREFUSED);
  EXPECT_EQ(connect_at(&two_, proxy.address(), "read").error, ECONNREFUSED);
  EXPECT_TRUE(connect_at(&one_, proxy.address(), "expect fin").as_scripted());
  EXPECT_NE(proxy.process().err().find(" in " + one_.name() + " -> "), std::string::npos) << proxy.process().err();
  server.stop();
}

TEST_F(Netns, the_same_port_is_free_in_each) {
  Server server = serve_at(nullptr, "close", Server::loopback(), std::nullopt);
  const std::string at = "tcp:" + server.address().text();
  std::string config = "forwardings:\n";
  for (const Container* each : {&one_, &two_})
    config += "  - {listen: '" + at + "', connect: '" + at + "', client: {netns: '" + each->name() +
              "'}, name: " + (each == &one_ ? "one" : "two") + "}\n";
  Proxy::Options options;
  options.config = config;
  Proxy proxy(server.address(), options);
  EXPECT_TRUE(connect_at(&one_, server.address(), "expect fin").as_scripted());
  EXPECT_EQ(proxy.records(1).at(0).forwarding, "one");
  EXPECT_TRUE(connect_at(&two_, server.address(), "expect fin").as_scripted());
  EXPECT_EQ(proxy.records(2).at(1).forwarding, "two");
  server.stop();
}

TEST_F(Netns, datagrams_from_and_to_every_side) {
  const std::pair<Place, Place> ways[] = {{nullptr, &one_}, {&one_, nullptr}, {&one_, &two_}, {&one_, &one_}};
  for (const auto& [client_place, server_place] : ways) {
    std::optional<UdpServer> server;
    std::optional<UdpSocket> client;
    run_at(server_place, [&] { server.emplace(UdpServer::Answer(), kLoopback); });
    run_at(client_place, [&] { client.emplace(); });
    Flags flags = flags_for(client_place, server_place);
    flags.insert(flags.end(), {"--limits-datagram-idle", "300ms"});
    Proxy proxy(server->address(), Proxy::Options{.flags = flags, .listen = "udp:127.0.0.1:0", .transport = "udp:"});
    EXPECT_EQ(client->ask(proxy.address(), "question"), "question") << proxy.process().err();
    const DatagramRecord record = datagram_records(proxy, 1).front();
    EXPECT_EQ(record.end, "idle") << record.line;
    EXPECT_EQ(record.upstream.datagrams, 1U) << record.line;
  }
}

TEST_F(Netns, by_path_and_by_pidfd) {
  Server server = serve_at(&one_, "expect fin; send 10; close", Server::loopback(), std::nullopt);
  // Not close-on-exec, as a parent passes it on.
  const Descriptor pidfd(static_cast<int>(::syscall(SYS_pidfd_open, one_.pid(), 0)));
  ASSERT_TRUE(pidfd);
  ASSERT_EQ(::fcntl(pidfd.get(), F_SETFD, 0), 0);
  for (const std::string& name :
       {"/proc/" + std::to_string(one_.pid()) + "/ns/net", "pidfd:" + std::to_string(pidfd.get())}) {
    Proxy proxy(server.address(), {"--upstream-netns", name});
    EXPECT_TRUE(connect_at(nullptr, proxy.address(), "send 10; shutdown; expect fin").as_scripted()) << name;
    EXPECT_TRUE(proxy.record().complete) << name;
  }
  server.stop();
}

TEST_F(Netns, ipv6_too) {
  const auto six = net::Address::parse("::1", 0);
  Server server = serve_at(&one_, "expect fin; send 10; close", *six);
  Proxy::Options options;
  options.listen = "tcp:[::1]:0";
  options.flags = flags_for(&two_, &one_);
  Proxy proxy(server.address(), options);
  EXPECT_TRUE(connect_at(&two_, proxy.address(), "send 10; shutdown; expect fin").as_scripted());
  EXPECT_TRUE(proxy.record().complete);
}

TEST_F(Netns, the_interface_of_a_link_local_address_is_one_of_the_namespace) {
  const auto failed = one_.shell(
      "ip link add inner0 type veth peer name inner1 && ip link set inner0 up && "
      "ip addr add fe80::77/64 dev inner0 nodad && ip link set inner1 up");
  if (failed) GTEST_SKIP() << "no veth here: " << *failed;
  // The interface's number is valid only inside.
  std::optional<net::Address> listen;
  run_at(&one_, [&] { listen = net::Address::parse("fe80::77%inner0", 0); });
  ASSERT_TRUE(listen);
  Server server = serve_at(&one_, "expect fin; send 10; close", *listen);
  const std::string port = std::to_string(server.address().port());
  Proxy::Options options;
  options.config = "forwardings:\n  - {listen: 'tcp:127.0.0.1:0', connect: 'tcp:[fe80::77%inner0]:" + port +
                   "', upstream: {netns: '" + one_.name() + "'}}\n";
  Proxy proxy(server.address(), options);
  EXPECT_TRUE(connect_at(nullptr, proxy.address(), "send 10; shutdown; expect fin").as_scripted());
}

TEST_F(Netns, two_names_of_one_namespace_share_its_thread_and_its_own_needs_none) {
  Server server = serve_at(&one_, "close", Server::loopback(), std::nullopt);
  const std::string connect = "', upstream: {netns: '";
  const std::string both = "', connect: 'tcp:" + server.address().text();
  Proxy::Options options;
  options.config = "forwardings:\n  - {name: a, listen: 'tcp:127.0.0.1:0" + both + connect + one_.name() +
                   "'}}\n  - {name: b, listen: 'tcp:127.0.0.2:0" + both + connect + "/proc/" +
                   std::to_string(one_.pid()) + "/ns/net'}}\n  - {name: c, listen: 'tcp:127.0.0.3:0" + both + connect +
                   "pid:" + std::to_string(::getpid()) + "'}}\n";
  Proxy proxy(server.address(), options);
  EXPECT_TRUE(connect_at(nullptr, proxy.address(0), "expect fin").as_scripted());
  EXPECT_TRUE(connect_at(nullptr, proxy.address(1), "expect fin").as_scripted());
  EXPECT_TRUE(connect_at(nullptr, proxy.address(2), "expect reset").as_scripted());
  std::size_t inside = 0;
  const std::string tasks = "/proc/" + std::to_string(proxy.process().pid()) + "/task";
  for (const auto& task : std::filesystem::directory_iterator(tasks))
    if (read_file(task.path() / "comm").starts_with("net ")) ++inside;
  EXPECT_EQ(inside, 1U);
  server.stop();
}

/// Checks the lines of /proc/PID/task/*/status about each thread's user and privileges.
void expect_powerless_threads(pid_t pid) {
  std::size_t threads = 0;
  for (const auto& task : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task")) {
    // A sanitizer's own thread is older than main(). All our threads have names.
    const bool is_main = task.path().filename() == std::to_string(pid);
    if (built_with_sanitizer() && !is_main && read_file(task.path() / "comm") == "lastbyte\n") continue;
    const std::string status = read_file(task.path() / "status");
    for (const char* line : {"Uid:\t65534\t65534\t65534\t65534\n", "CapPrm:\t0000000000000000\n",
                             "CapEff:\t0000000000000000\n", "NoNewPrivs:\t1\n"})
      EXPECT_NE(status.find(line), std::string::npos) << line << " in: " << status;
    ++threads;
  }
  // Under a sanitizer, a new thread may have no name yet.
  EXPECT_GE(threads, built_with_sanitizer() ? 3U : 4U);
}

/// Returns the users of the established sockets inside that are connected to `port`.
std::vector<std::string> users_of_sockets(const Container& container, std::uint16_t port) {
  std::istringstream table(read_file("/proc/" + std::to_string(container.pid()) + "/net/tcp"));
  std::vector<std::string> users;
  for (std::string line; std::getline(table, line);) {
    std::istringstream fields(line);
    std::string number, local, remote, state, queues, timer, retransmits, user;
    fields >> number >> local >> remote >> state >> queues >> timer >> retransmits >> user;
    const auto colon = remote.find(':');
    if (state == "01" && std::stoul(remote.substr(colon + 1), nullptr, 16) == port) users.push_back(user);
  }
  return users;
}

TEST_F(Netns, without_privileges_200_sessions_at_once) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can switch users";
  constexpr std::uint32_t kMany = 200;
  Meeting meeting;
  PeerOptions options;
  options.meeting = &meeting;
  std::optional<Server> server;
  run_at(&one_, [&] {
    auto started = Server::start(script("send 1; signal in; await all; expect fin; send 100; close"), options, kMany);
    ASSERT_TRUE(started);
    server.emplace(std::move(*started));
  });
  Flags flags = flags_for(nullptr, &one_);
  flags.insert(flags.end(), {"--user", "nobody"});
  Proxy proxy(server->address(), flags);
  expect_powerless_threads(proxy.process().pid());
  std::vector<Client> clients;
  for (std::uint32_t each = 0; each < kMany; ++each)
    clients.emplace_back(proxy.address(), script("recv 1; await all; send 100; shutdown; expect fin"), options);
  EXPECT_TRUE(eventually([&] { return meeting.count("in") == kMany; })) << meeting.count("in");
  const auto users = users_of_sockets(one_, server->address().port());
  EXPECT_EQ(users, std::vector<std::string>(kMany, "65534")) << "made before root was given up";
  meeting.signal("all");
  for (Client& client : clients) EXPECT_TRUE(client.wait().as_scripted()) << client.wait().text();
  for (const Record& record : proxy.records(kMany)) EXPECT_TRUE(record.complete) << record.line;
}

TEST_F(Netns, T12_an_instance_that_goes_away_costs_only_its_own_sessions) {
  Server gone = serve_at(&one_, "close", Server::loopback(), std::nullopt);
  Server stays = serve_at(&two_, "expect fin; send 10; close", Server::loopback(), std::nullopt);
  const auto forwarding = [](const std::string& listen, const Server& server, const Container& container) {
    return "  - {listen: 'tcp:" + listen + ":0', connect: 'tcp:" + server.address().text() + "', upstream: {netns: '" +
           container.name() + "'}}\n";
  };
  Proxy::Options options;
  options.config = "forwardings:\n" + forwarding("127.0.0.1", gone, one_) + forwarding("127.0.0.2", stays, two_);
  Proxy proxy(gone.address(), options);
  EXPECT_TRUE(connect_at(nullptr, proxy.address(0), "expect fin").as_scripted());
  proxy.records(1);
  gone.stop();
  gone.wait();
  one_.kill();
  EXPECT_TRUE(connect_at(nullptr, proxy.address(0), "read").reset());
  EXPECT_EQ(proxy.records(2).at(1).upstream.error, "ECONNREFUSED");
  EXPECT_TRUE(connect_at(nullptr, proxy.address(1), "send 10; shutdown; expect fin").as_scripted());
  EXPECT_TRUE(proxy.records(3).at(2).complete);
  stays.stop();
}

TEST_F(Netns, by_the_name_that_ip_netns_gave_also_after_it_is_deleted) {
  bool possible = false;
  std::thread([&] {
    possible = own_run();
    if (!possible) return;
    output_of({.arguments = {"ip", "netns", "add", "blue"}});
    output_of({.arguments = {"ip", "-n", "blue", "link", "set", "lo", "up"}});
    auto blue = net::open_namespace({net::NamespaceName::Kind::name, "blue", 0});
    ASSERT_TRUE(blue) << blue.error().text();
    std::optional<Server> server;
    ASSERT_TRUE(net::run_inside(blue->get(),
                                [&] { server.emplace(start_server("expect fin; send 10; close", {}, std::nullopt)); }));
    blue->close();
    Proxy proxy(server->address(), {"--client-netns", one_.name(), "--upstream-netns", "blue"});
    const auto session = [&] { return connect_at(&one_, proxy.address(), "send 10; shutdown; expect fin"); };
    EXPECT_TRUE(session().as_scripted());
    // Only the name is gone: processes in the namespace stay.
    output_of({.arguments = {"ip", "netns", "delete", "blue"}});
    EXPECT_TRUE(session().as_scripted());
    proxy.records(2);
    server->stop();
    server->wait();
    EXPECT_FALSE(session().as_scripted());
    EXPECT_EQ(proxy.records(3).at(2).upstream.error, "ECONNREFUSED");
  }).join();
  if (!possible) GTEST_SKIP() << "no right to mount";
}

void expect_refusal(const Command& command, int status, const std::vector<std::string>& words) {
  Process process(command);
  EXPECT_EQ(process.wait(), status) << process.err();
  const std::string err = process.err();
  if (status == 1) {
    EXPECT_EQ(std::ranges::count(err, '\n'), 1) << err;
  }
  for (const std::string& word : words) EXPECT_NE(err.find(word), std::string::npos) << word << " in: " << err;
}

std::vector<std::string> proxy_with(const std::string& flag, const std::string& netns) {
  return {kBinary, "proxy", "--listen", "tcp:127.0.0.1:0", "--connect", "tcp:127.0.0.1:9", "--name",
          "web",   flag,    netns};
}

TEST(NetnsErrors, a_namespace_that_cannot_be_had_is_one_line_and_status_1) {
  for (const char* flag : {"--client-netns", "--upstream-netns"}) {
    expect_refusal(
        {.arguments = proxy_with(flag, "no-such-name")}, 1,
        {std::string("error: ") + flag + ": forwarding 'web': open the network namespace no-such-name: No such file",
         "ip netns list"});
    expect_refusal({.arguments = proxy_with(flag, "/dev/null")}, 1, {"/dev/null", "stands for no namespace"});
    expect_refusal({.arguments = proxy_with(flag, "pidfd:900")}, 1, {"pidfd:900", "EBADF", "handed over"});
  }
}

TEST(NetnsErrors, a_name_that_can_be_none_is_status_2) {
  expect_refusal({.arguments = proxy_with("--client-netns", "pid:x")}, 2, {"--client-netns", "pid:x"});
  expect_refusal({.arguments = proxy_with("--upstream-netns", "a b")}, 2, {"--upstream-netns", "a b"});
}

TEST_F(Netns, without_the_right_to_enter_says_which_it_needs) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become somebody else";
  auto arguments = proxy_with("--upstream-netns", one_.name());
  const std::vector<std::string> as_nobody{"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"};
  arguments.insert(arguments.begin(), as_nobody.begin(), as_nobody.end());
  expect_refusal({.arguments = arguments}, 1, {"forwarding 'web'", one_.name(), "it needs CAP_SYS_PTRACE"});
}

TEST_F(Netns, a_port_in_use_in_there_names_the_forwarding_and_the_address) {
  Server server = serve_at(&one_, "close", Server::loopback(), std::nullopt);
  const std::string at = "tcp:" + server.address().text();
  expect_refusal(
      {.arguments = {kBinary, "proxy", "--listen", at, "--connect", "tcp:127.0.0.1:9", "--client-netns", one_.name()}},
      1, {"forwarding '" + at + "'", "EADDRINUSE"});
  server.stop();
}

}  // namespace
}  // namespace lastbyte::system_test
