// T14: UNIX paths in another root directory. A process inside may place any symbolic link, rename any directory and
// mount a file system that does not answer. It must reach nothing outside, and delay nobody else (T12).
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "net/socket/calls.h"
#include "tests/harness/container.h"
#include "tests/harness/crowd.h"
#include "tests/harness/guest.h"
#include "tests/harness/ways.h"

namespace lastbyte::system_test {
namespace {

namespace fs = std::filesystem;

/// A guest, and a directory with the same name inside and outside.
class Roots : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!guest_.up()) GTEST_SKIP() << "no right to make a mount namespace";
    ASSERT_EQ(::chmod(twin_.path().c_str(), 0755), 0);
  }

  [[nodiscard]] Flags to_guest() const { return {"--upstream-root", guest_.name()}; }
  /// The address of a file in that directory.
  [[nodiscard]] net::Address in_guest(const std::string& file) const { return guest_.address(twin_.file(file)); }
  [[nodiscard]] net::Address out_here(const std::string& file) const {
    return *net::Address::unix_name(twin_.file(file));
  }

  /// Returns paths that name a socket of the guest by detours. Outside, each of them would lead elsewhere.
  std::vector<std::string> detours() {
    guest_.link(twin_.path(), twin_.file("same"));
    guest_.link(twin_.path(), "/run/absolute");
    guest_.link("../../../../.." + twin_.path(), "/run/upwards");
    guest_.link(twin_.file("server.sock"), "/run/last.sock");
    return {"/run/absolute/server.sock", "/run/upwards/server.sock", "/run/last.sock", twin_.file("same/server.sock"),
            "/../../run/.." + twin_.file("server.sock")};
  }

  TemporaryDirectory twin_;
  Guest guest_{twin_};
};

class GuestServer : public UnixServer {
 public:
  GuestServer(const Guest& guest, const TemporaryDirectory& twin, const std::string& name = "server.sock")
      : UnixServer(guest.address(twin.file(name))) {}
};

void expect_session(const Proxy& proxy, const UnixServer& server) {
  const Descriptor client = connect_to(proxy.address());
  send_all(client, "question");
  ::shutdown(client.get(), SHUT_WR);
  const Descriptor upstream = server.accept();
  EXPECT_EQ(read_to_end(upstream).bytes, "question");
  send_all(upstream, "answer");
  ::shutdown(upstream.get(), SHUT_WR);
  EXPECT_EQ(read_to_end(client).bytes, "answer");
}

bool somebody_came(const UnixServer& server) {
  const int flags = ::fcntl(server.listening.get(), F_GETFL);
  ::fcntl(server.listening.get(), F_SETFL, flags | O_NONBLOCK);
  return static_cast<bool>(Descriptor(::accept4(server.listening.get(), nullptr, nullptr, SOCK_CLOEXEC)));
}

TEST_F(Roots, T2_links_of_the_guest_lead_to_its_own_sockets) {
  const GuestServer server(guest_, twin_);
  const UnixServer decoy(twin_);
  fs::create_directory(twin_.file("same"));
  const UnixServer decoy_of_that_name(twin_, "same/server.sock");
  for (const std::string& path : detours()) {
    SCOPED_TRACE(path);
    Proxy proxy(*net::Address::unix_name(path), to_guest());
    // The root's thread looks up the first one, workers the others.
    for (int round = 0; round < 5; ++round) expect_session(proxy, server);
    for (const Record& record : proxy.records(5)) EXPECT_TRUE(record.complete) << record.line;
    EXPECT_NE(proxy.process().err().find(" -> unix:" + path + " in " + guest_.name()), std::string::npos)
        << proxy.process().err();
  }
  EXPECT_FALSE(somebody_came(decoy));
  EXPECT_FALSE(somebody_came(decoy_of_that_name));
}

TEST_F(Roots, T14_a_path_through_proc_is_one_in_that_root) {
  const GuestServer server(guest_, twin_);
  const UnixServer decoy(twin_);
  for (const std::string& path : detours()) {
    SCOPED_TRACE(path);
    Proxy proxy(guest_.address(path), Flags{});
    expect_session(proxy, server);
    EXPECT_TRUE(proxy.record().complete);
  }
  EXPECT_FALSE(somebody_came(decoy));
}

TEST_F(Roots, T14_a_directory_can_be_a_root) {
  ASSERT_TRUE(fs::create_directories(twin_.file("root") + twin_.path()));
  const UnixServer server(*net::Address::unix_name(twin_.file("root") + twin_.file("s.sock")));
  ASSERT_EQ(::symlink(twin_.path().c_str(), twin_.file("root/link").c_str()), 0);
  Proxy proxy(*net::Address::unix_name("/link/s.sock"), Flags{"--upstream-root", twin_.file("root")});
  expect_session(proxy, server);
}

TEST_F(Roots, T14_magic_links_of_the_guest_are_not_followed) {
  const UnixServer decoy(twin_);
  guest_.link("/proc/" + std::to_string(::getpid()) + "/root" + twin_.file("server.sock"), "/run/escape.sock");
  Proxy proxy(*net::Address::unix_name("/run/escape.sock"), to_guest());
  EXPECT_EQ(read_to_end(connect_to(proxy.address())).end, "ECONNRESET");
  const Record record = proxy.record();
  EXPECT_EQ(record.upstream.end, "unreachable") << record.line;
  EXPECT_EQ(record.upstream.error, "ELOOP") << record.line;
  EXPECT_FALSE(somebody_came(decoy));
}

TEST_F(Roots, T14_links_swapped_meanwhile_lead_nowhere_else) {
  fs::create_directory(guest_.outside("/run/a"));
  guest_.link(twin_.path(), "/run/b");
  const auto serve = [&](const std::string& path) {
    return peers::Server::start(script("close"), {}, std::nullopt, guest_.address(path));
  };
  auto in_directory = serve("/run/a/server.sock");
  auto behind_link = serve(twin_.file("server.sock"));
  ASSERT_TRUE(in_directory && behind_link);
  const UnixServer decoy(twin_);
  constexpr std::size_t kSessions = 200;
  Proxy proxy(*net::Address::unix_name("/run/a/../../run/a/server.sock"), to_guest());
  {
    const Exchanging exchanging(guest_.outside("/run/a"), guest_.outside("/run/b"));
    for (std::size_t each = 0; each < kSessions; ++each) Client(proxy.address(), script("read")).wait();
  }
  for (const Record& record : proxy.records(kSessions)) {
    const bool reached = record.upstream.end != "unreachable";
    // Through the link, ".." leads to another directory.
    EXPECT_TRUE(reached || record.upstream.error == "ENOENT" || record.upstream.error == "EAGAIN") << record.line;
  }
  EXPECT_GT(in_directory->accepted() + behind_link->accepted(), 0U);
  EXPECT_FALSE(somebody_came(decoy));
  in_directory->stop();
  behind_link->stop();
}

/// Lets the daemon's present user read the file at a reload.
void let_read(const Proxy& proxy) { ASSERT_EQ(::chmod(fs::path(proxy.config_path()).parent_path().c_str(), 0755), 0); }

TEST_F(Roots, T14_the_root_is_held_when_the_process_has_become_nobody) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can switch users";
  const GuestServer server(guest_, twin_);
  const UnixServer decoy(twin_);
  ASSERT_EQ(::chmod(in_guest("server.sock").unix_name().c_str(), 0666), 0);
  guest_.link(twin_.path(), "/run/absolute");
  const std::string forwarding =
      "  - {listen: 'tcp:127.0.0.1:0', connect: 'unix:/run/absolute/server.sock', "
      "upstream: {root: '" +
      guest_.name() + "'}}\n";
  const std::string config = "user: nobody\nforwardings:\n" + forwarding;
  Proxy proxy(server.address, Proxy::Options{.config = config});
  let_read(proxy);
  expect_session(proxy, server);
  // The daemon can no longer open /proc/PID/root.
  const std::string said = proxy.reload("drain: 7s\n" + config);
  EXPECT_NE(said.find("1 as before"), std::string::npos) << said;
  expect_session(proxy, server);
  guest_.kill();
  EXPECT_NE(proxy.reload(config).find("there is no such process"), std::string::npos);
  EXPECT_FALSE(somebody_came(decoy));
}

TEST_F(Roots, T14_a_socket_that_its_user_may_not_have_is_unreachable) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can switch users";
  const GuestServer server(guest_, twin_);
  ASSERT_EQ(::chmod(in_guest("server.sock").unix_name().c_str(), 0600), 0);
  Flags flags = to_guest();
  flags.insert(flags.end(), {"--user", "nobody"});
  Proxy proxy(out_here("server.sock"), flags);
  for (int round = 0; round < 2; ++round) read_to_end(connect_to(proxy.address()));
  for (const Record& record : proxy.records(2)) EXPECT_EQ(record.upstream.error, "EACCES") << record.line;
}

TEST_F(Roots, T14_a_network_namespace_by_a_path_of_the_guest_is_one_of_the_guest) {
  const Container container;
  if (!container.up()) GTEST_SKIP() << "no right to make a network namespace, or no unshare(1) or ip(8)";
  write_file(guest_.outside("/run/blue"), "");
  ASSERT_TRUE(guest_.in_mounts([&] {
    const std::string network = "/proc/" + std::to_string(container.pid()) + "/ns/net";
    return ::mount(network.c_str(), guest_.inside("/run/blue").c_str(), nullptr, MS_BIND, nullptr) == 0;
  }));
  guest_.link("/run/blue", "/run/link");
  Server server = serve_at(&container, "expect fin; send 10; close");
  {
    Proxy proxy(server.address(), {"--upstream-netns", guest_.outside("/run/link")});
    EXPECT_TRUE(connect_at(nullptr, proxy.address(), "send 10; shutdown; expect fin").as_scripted());
  }
  // Two ways to the outside: a link of proc(5), and a name that is another file inside.
  guest_.link("/proc/" + std::to_string(::getpid()) + "/ns/net", "/run/escape");
  guest_.link("/dev/null", "/run/null");
  write_file(guest_.outside("/run/file"), "");
  for (const auto& [path, error] :
       {std::pair("/run/escape", "ELOOP"), {"/run/null", "ENOENT"}, {"/run/file", "EINVAL"}}) {
    Process process({.arguments = {LASTBYTE_BINARY, "proxy", "--listen", "tcp:127.0.0.1:0", "--connect",
                                   "tcp:127.0.0.1:9", "--upstream-netns", guest_.outside(path)}});
    EXPECT_EQ(process.wait(), 1);
    EXPECT_NE(process.err().find("open the network namespace " + guest_.outside(path)), std::string::npos);
    EXPECT_NE(process.err().find(error), std::string::npos) << process.err();
  }
}

Proxy::Options listening(const Guest& guest, const std::string& path, Flags flags = {}) {
  flags.insert(flags.end(), {"--client-root", guest.name()});
  return {.flags = std::move(flags), .listen = "unix:" + path};
}

void expect_answer_at(const net::Address& address, const UnixServer& server) {
  const Descriptor client = connect_to(address);
  const Descriptor upstream = server.accept();
  send_all(upstream, "answer");
  ::shutdown(upstream.get(), SHUT_WR);
  EXPECT_EQ(read_to_end(client).bytes, "answer");
}

TEST_F(Roots, T14_a_listening_path_is_made_in_the_guest_by_its_name_there_and_goes_at_the_stop) {
  const UnixServer server(twin_);
  guest_.link(twin_.path(), "/run/absolute");
  const std::string file = guest_.outside(twin_.file("p.sock"));
  {
    Proxy proxy(server.address,
                listening(guest_, "/run/absolute/p.sock",
                          {"--client-unix-mode", "0640", "--client-unix-uid", "123", "--client-unix-gid", "124"}));
    struct stat status{};
    ASSERT_EQ(::lstat(file.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0640U);
    EXPECT_EQ(status.st_uid, 123U);
    EXPECT_EQ(status.st_gid, 124U);
    const Descriptor client = connect_to(in_guest("p.sock"));
    EXPECT_EQ(net::peer_address(client.get()).unix_name(), "/run/absolute/p.sock");
    const Descriptor upstream = server.accept();
    EXPECT_FALSE(fs::exists(twin_.file("p.sock")));
  }
  EXPECT_FALSE(fs::exists(file));
}

TEST_F(Roots, T14_a_listening_path_through_proc_is_one_in_that_root) {
  const UnixServer server(twin_);
  guest_.link(twin_.path(), "/run/absolute");
  {
    Proxy proxy(server.address, Proxy::Options{.listen = "unix:" + guest_.outside("/run/absolute/p.sock")});
    expect_answer_at(in_guest("p.sock"), server);
    EXPECT_FALSE(fs::exists(twin_.file("p.sock")));
    EXPECT_EQ(proxy.record().forwarding, "unix:" + guest_.outside("/run/absolute/p.sock")) << "as it was written";
  }
  EXPECT_FALSE(fs::exists(guest_.outside(twin_.file("p.sock"))));
}

TEST_F(Roots, T14_what_is_there_already_is_looked_at_in_the_guest) {
  const UnixServer server(twin_);
  const UnixServer host(twin_, "p.sock");  // of a process that lives outside the guest
  guest_.link(twin_.path(), "/run/absolute");
  {
    Proxy killed(server.address, listening(guest_, "/run/absolute/p.sock"));
    killed.process().signal(SIGKILL);
    killed.process().wait();
    killed.abandon();
  }
  ASSERT_TRUE(fs::is_socket(guest_.outside(twin_.file("p.sock"))));
  {
    Proxy proxy(server.address, listening(guest_, "/run/absolute/p.sock"));
    expect_answer_at(in_guest("p.sock"), server);
    Process second({.arguments = {LASTBYTE_BINARY, "proxy", "--listen", "unix:/run/absolute/p.sock", "--client-root",
                                  guest_.name(), "--connect", server.address.text()}});
    EXPECT_EQ(second.wait(), 1);
    EXPECT_NE(second.err().find("the socket there belongs to a process that lives"), std::string::npos) << second.err();
  }
  EXPECT_FALSE(fs::exists(guest_.outside(twin_.file("p.sock"))));
  EXPECT_FALSE(somebody_came(host));
  EXPECT_TRUE(fs::is_socket(twin_.file("p.sock"))) << "the host's own";
}

TEST_F(Roots, T15_a_reload_moves_a_path_within_the_guest_after_privileges_are_gone) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can switch users";
  const UnixServer server(twin_);
  ASSERT_EQ(::chmod(server.address.unix_name().c_str(), 0666), 0);
  ASSERT_EQ(::chmod(guest_.outside("/run").c_str(), 0777), 0);
  const auto config = [&](const std::string& path, const std::string& mode) {
    return "user: nobody\nforwardings:\n  - {name: web, listen: 'unix:" + path + "', connect: '" +
           server.address.text() + "', client: {root: '" + guest_.name() + "', unix-mode: " + mode + "}}\n";
  };
  Proxy proxy(server.address, Proxy::Options{.config = config("/run/a.sock", "0666")});
  let_read(proxy);
  expect_answer_at(guest_.address("/run/a.sock"), server);
  const std::string denied = proxy.reload(config("/run/a.sock", "0622"));
  EXPECT_NE(denied.find("change the mode of unix:/run/a.sock: Operation not permitted"), std::string::npos) << denied;
  const std::string moved = proxy.reload(config("/run/b.sock", "0600"));
  EXPECT_NE(moved.find("1 changed"), std::string::npos) << moved;
  struct stat status{};
  ASSERT_EQ(::lstat(guest_.outside("/run/b.sock").c_str(), &status), 0) << moved;
  EXPECT_EQ(status.st_mode & 07777, 0600U);
  EXPECT_EQ(status.st_uid, 65534U);
  EXPECT_FALSE(fs::exists(guest_.outside("/run/a.sock"))) << moved;
  expect_answer_at(guest_.address("/run/b.sock"), server);
  const std::string changed = proxy.reload(config("/run/b.sock", "0622"));
  EXPECT_NE(changed.find("changed (client.unix-mode)"), std::string::npos) << changed;
  ASSERT_EQ(::lstat(guest_.outside("/run/b.sock").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0622U);
  fs::remove(guest_.outside("/run/b.sock"));
  const std::string again = proxy.reload(config("/run/b.sock", "0600"));
  EXPECT_NE(again.find("its UNIX path was removed or replaced"), std::string::npos) << again;
  expect_answer_at(guest_.address("/run/b.sock"), server);
}

/// One worker. Its first listener serves the guest, the second one an echo server.
Proxy::Options beside_an_echo(const std::string& guest_forwarding, const net::Address& echo) {
  return {.flags = {"--workers", "1"},
          .config = "forwardings:\n" + guest_forwarding +
                    "  - {listen: 'tcp:127.0.0.2:0', connect: 'tcp:" + echo.text() + "'}\n"};
}

TEST_F(Roots, T12_a_file_system_of_the_guest_that_does_not_answer_delays_its_own_sessions_only) {
  for (const bool finds : {false, true}) {
    SCOPED_TRACE(finds ? "asked by connect()" : "asked by the look-up");
    const std::string place = finds ? "/run/found" : "/run/lost";
    StalledMount stalled(guest_, place, finds);
    if (!stalled.up()) GTEST_SKIP() << "no right to mount FUSE here";
    const EchoServer echo;
    Proxy proxy(echo.address(),
                beside_an_echo("  - {listen: 'tcp:127.0.0.1:0', connect: 'unix:" + place +
                                   "/x.sock', upstream: {root: '" + guest_.name() + "'}, limits: {connect: 300ms}}\n",
                               echo.address()));
    const std::vector<Descriptor> innocent = connect_crowd(proxy.address(1), 3);
    converse(innocent);
    std::vector<Descriptor> held;
    for (int each = 0; each < 20; ++each) held.push_back(connect_to(proxy.address(0)));
    EXPECT_TRUE(eventually([&] { return stalled.waiting() > 0; }));
    converse(innocent);
    converse(connect_crowd(proxy.address(1), 3));
    for (const Descriptor& each : held) EXPECT_EQ(read_to_end(each).end, "ECONNRESET");
    std::size_t limited = 0;
    for (const Record& record : proxy.records(23)) limited += record.limit == "connect" ? 1U : 0U;
    EXPECT_EQ(limited, 20U);
    converse(innocent);
    stalled.release();
    // The thread has returned, and reports what it finds.
    EXPECT_EQ(read_to_end(connect_to(proxy.address(0))).end, "ECONNRESET");
    EXPECT_TRUE(eventually([&] {
      read_to_end(connect_to(proxy.address(0)));
      return proxy.records_so_far().back().upstream.error == "ENOTCONN";
    })) << proxy.records_so_far().back().line;
  }
}

TEST_F(Roots, T15_a_stop_does_not_wait_for_it_with_anything_but_its_exit) {
  StalledMount stalled(guest_, "/run/lost", false);
  if (!stalled.up()) GTEST_SKIP() << "no right to mount FUSE here";
  const UnixServer server(twin_);
  Proxy proxy(
      server.address,
      Proxy::Options{.config = "forwardings:\n  - {listen: 'unix:/run/p.sock', connect: 'unix:/run/lost/x.sock', "
                               "client: {root: '" +
                               guest_.name() + "'}, upstream: {root: '" + guest_.name() +
                               "'}, limits: {connect: 200ms}}\n"});
  EXPECT_EQ(read_to_end(connect_to(guest_.address("/run/p.sock"))).end, "fin") << "a UNIX peer hears no reset";
  ASSERT_GT(stalled.waiting(), 0);
  proxy.process().signal(SIGTERM);
  EXPECT_TRUE(eventually([&] { return proxy.process().err().find("stopped: 1 session") != std::string::npos; }))
      << proxy.process().err();
  EXPECT_NE(proxy.process().err().find("a file system in there does not answer"), std::string::npos)
      << "its file could not be removed: " << proxy.process().err();
  stalled.release();
  proxy.expect_end();
}

TEST_F(Roots, T14_a_listening_path_on_it_is_an_error_at_the_start) {
  StalledMount stalled(guest_, "/run/lost", false);
  if (!stalled.up()) GTEST_SKIP() << "no right to mount FUSE here";
  Process process({.arguments = {LASTBYTE_BINARY, "proxy", "--listen", "unix:/run/lost/x/p.sock", "--client-root",
                                 guest_.name(), "--connect", "tcp:127.0.0.1:9"}});
  const std::string words = "a file system in there does not answer";
  EXPECT_TRUE(eventually([&] { return process.err().find(words) != std::string::npos; })) << process.err();
  stalled.release();
  EXPECT_EQ(process.wait(), 1);
}

TEST_F(Roots, T14_a_datagram_socket_in_it_is_an_error_at_the_start) {
  const Descriptor log(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const net::Address at = guest_.address("/run/log");
  ASSERT_EQ(::bind(log.get(), at.data(), at.size()), 0);
  Process process({.arguments = {LASTBYTE_BINARY, "proxy", "--listen", "tcp:127.0.0.1:0", "--upstream-root",
                                 guest_.name(), "--connect", "unix:/run/log"}});
  EXPECT_EQ(process.wait(), 1);
  EXPECT_NE(process.err().find("connect unix:/run/log: Protocol wrong type for socket (EPROTOTYPE)"), std::string::npos)
      << process.err();
}

TEST_F(Roots, T14_a_root_that_cannot_be_had_is_one_line_and_status_1) {
  const auto expect_refusal = [&](const std::vector<std::string>& flags, const std::string& words,
                                  const std::vector<std::string>& as = {}) {
    std::vector<std::string> arguments = as;
    arguments.insert(arguments.end(), {LASTBYTE_BINARY, "proxy", "--name", "web"});
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    Process process({.arguments = arguments});
    EXPECT_EQ(process.wait(), 1);
    EXPECT_EQ(std::ranges::count(process.err(), '\n'), 1) << process.err();
    EXPECT_NE(process.err().find("forwarding 'web': " + words), std::string::npos) << process.err();
  };
  const Flags to{"--listen", "tcp:127.0.0.1:0", "--connect", "unix:/run/x", "--upstream-root"};
  const Flags from{"--connect", "tcp:127.0.0.1:9", "--listen", "unix:/run/x", "--client-root"};
  const auto with = [](Flags flags, const std::string& root) {
    flags.push_back(root);
    return flags;
  };
  expect_refusal(with(to, "pid:2147483646"),
                 "open the root directory pid:2147483646: No such process (ESRCH): there is no such process");
  expect_refusal(with(to, "/dev/null"), "open the root directory /dev/null: Not a directory (ENOTDIR)");
  expect_refusal(with(from, "pidfd:900"), "open the root directory pidfd:900: Bad file descriptor (EBADF)");
  fs::create_directory(guest_.outside("/run/d"));
  Flags missing = with(from, guest_.name());
  missing[3] = "unix:/run/none/x";
  expect_refusal(missing, "listen on unix:/run/none/x in " + guest_.name() +
                              ": No such file or directory (ENOENT): its directory does not exist");
  if (::geteuid() != 0) return;
  const std::vector<std::string> nobody{"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"};
  expect_refusal(with(to, guest_.name()),
                 "open the root directory " + guest_.name() +
                     ": Permission denied (EACCES): the process is another user's: it needs CAP_SYS_PTRACE",
                 nobody);
  expect_refusal(
      with(from, twin_.path()),
      "listen on unix:/run/x in " + twin_.path() + ": Operation not permitted (EPERM): it needs CAP_SYS_CHROOT",
      nobody);
}

}  // namespace
}  // namespace lastbyte::system_test
