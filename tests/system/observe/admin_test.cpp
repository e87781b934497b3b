// The administration of the running daemon: an operator sees sessions, ends them, disables and enables a forwarding,
// and follows events.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "net/address/address.h"
#include "net/socket/calls.h"
#include "net/tcp/listen.h"
#include "tests/harness/datagrams.h"
#include "tests/harness/http.h"
#include "tests/harness/proxy.h"
#include "tests/harness/scene.h"

namespace lastbyte::system_test {
namespace {

using nlohmann::json;
using test::connect_to;
using test::http;
using test::HttpAnswer;
using test::read_all;
using test::send_all;

constexpr const char* kToken = "0123456789abcdef";

/// A proxy with an administration at a UNIX socket of its own.
class Administered {
 public:
  explicit Administered(const net::Address& upstream, Flags more = {}) {
    Flags flags{"--admin-listen", "unix:" + path(), "--name", "web"};
    flags.insert(flags.end(), more.begin(), more.end());
    proxy_.emplace(upstream, flags);
  }
  [[nodiscard]] std::string path() const { return directory_.file("admin.sock"); }
  [[nodiscard]] net::Address at() const { return *net::Address::unix_name(path()); }
  [[nodiscard]] HttpAnswer ask(const std::string& method, const std::string& target,
                               const std::string& body = "") const {
    return http(at(), method, target, {}, body);
  }
  [[nodiscard]] json get(const std::string& target) const {
    const HttpAnswer answer = ask("GET", target);
    EXPECT_EQ(answer.status, 200) << target << answer.body;
    return json::parse(answer.body, nullptr, false);
  }
  Proxy& proxy() { return *proxy_; }

 private:
  TemporaryDirectory directory_;
  std::optional<Proxy> proxy_;
};

std::size_t open_sessions(const Administered& daemon) { return daemon.get("/v1/sessions")["matched"]; }

TEST(Admin, a_session_is_shown_with_its_flows_its_deadline_and_its_sockets) {
  Server server = start_server("recv 5; send 3; await never", {}, 1);
  Administered daemon(server.address());
  const Descriptor client = connect_to(daemon.proxy().address());
  send_all(client, "hello");
  ASSERT_TRUE(eventually([&] {
    const json page = daemon.get("/v1/sessions");
    return page["matched"] == 1 && page["sessions"][0]["flows"]["upstream"]["sent"] == 3;
  }));
  const json session = daemon.get("/v1/sessions?client=127.0.0.1&state=open")["sessions"][0];
  EXPECT_EQ(session["forwarding"], "web");
  EXPECT_EQ(session["deadline"], "idle");
  EXPECT_GT(session["fires_in_us"], 0);
  EXPECT_EQ(session["flows"]["client"]["received"], 5);
  EXPECT_EQ(session["flows"]["client"]["state"], "open");
  ::shutdown(client.get(), SHUT_WR);
  const std::string one = "/v1/sessions/" + session["id"].dump();
  ASSERT_TRUE(eventually([&] { return daemon.get(one)["state"] == "half_closed"; }));
  const json whole = daemon.get(one);
  EXPECT_EQ(whole["flows"]["client"]["state"], "ended");
  EXPECT_EQ(whole["events"][0]["what"], "accepted");
  EXPECT_EQ(whole["events"][2]["what"], "connected");
  EXPECT_EQ(whole["events"][3]["what"], "fin_received");
  EXPECT_EQ(whole["sockets"]["upstream"]["peer"], server.address().text());
  EXPECT_EQ(daemon.get("/v1/sessions?state=connecting")["matched"], 0);
  EXPECT_EQ(daemon.ask("POST", one + "/reset").status, 204);
  EXPECT_EQ(daemon.proxy().record().summary, "stopped by the operator");
  EXPECT_EQ(daemon.ask("GET", one).status, 404);
  EXPECT_EQ(daemon.ask("POST", one + "/reset").status, 404);
  server.stop();
}

TEST(Admin, one_session_is_shown_and_ended_and_no_other) {
  Server server = start_server("recv 5; expect fin; close", {}, 2);
  Administered daemon(server.address(), {"--workers", "1"});
  const Descriptor first = connect_to(daemon.proxy().address());
  const Descriptor second = connect_to(daemon.proxy().address());
  for (const Descriptor* each : {&first, &second}) send_all(*each, "hello");
  ASSERT_TRUE(eventually([&] { return open_sessions(daemon) == 2; }));
  const json page = daemon.get("/v1/sessions?order=asc");
  for (const json& each : page["sessions"])
    EXPECT_EQ(daemon.get("/v1/sessions/" + each["id"].dump())["id"], each["id"]);
  EXPECT_EQ(daemon.ask("POST", "/v1/sessions/" + page["sessions"][0]["id"].dump() + "/reset").status, 204);
  EXPECT_TRUE(eventually([&] { return open_sessions(daemon) == 1; }));
  EXPECT_EQ(daemon.get("/v1/sessions")["sessions"][0]["id"], page["sessions"][1]["id"]);
  for (const Descriptor* each : {&first, &second}) ::shutdown(each->get(), SHUT_WR);
  daemon.proxy().records(2);
  server.stop();
}

TEST(Admin, status_tells_how_each_worker_sends) {
  std::array<std::byte, 120> parameters{};  // struct io_uring_params; a container's headers may be too old to have it
  const Descriptor ring(static_cast<int>(::syscall(SYS_io_uring_setup, 1, parameters.data())));
  const std::string chosen = ring ? "io-uring" : "epoll";
  for (const auto& [setting, io] : {std::pair("epoll", std::string("epoll")), std::pair("auto", chosen)}) {
    Server server = start_server("await never", {}, 0);
    Administered daemon(server.address(), {"--workers", "1", "--io", setting});
    EXPECT_TRUE(eventually([&] { return daemon.get("/v1/status")["workers"][0]["io"] == io; })) << setting;
    server.stop();
  }
}

TEST(Admin, T15_a_session_that_is_closed_may_finish_for_the_drain_time) {
  Server server = start_server("recv 5; send 3; await never", {}, 1);
  Administered daemon(server.address(), {"--drain", "300ms"});
  const Descriptor client = connect_to(daemon.proxy().address());
  send_all(client, "hello");
  ASSERT_TRUE(eventually([&] { return open_sessions(daemon) == 1; }));
  const std::string id = daemon.get("/v1/sessions")["sessions"][0]["id"].dump();
  EXPECT_EQ(daemon.ask("POST", "/v1/sessions/" + id + "/close").status, 204);
  EXPECT_EQ(daemon.get("/v1/sessions/" + id)["deadline"], "drain");
  const Record record = daemon.proxy().record();
  EXPECT_EQ(record.summary, "stopped by the operator");
  EXPECT_GE(record.duration_us, 300'000);
  server.stop();
}

TEST(Admin, T15_a_drained_forwarding_refuses_clients_and_keeps_its_sessions) {
  Server server = start_server("recv 5; send 5; expect fin; close", {}, 2);
  Administered daemon(server.address());
  const Descriptor client = connect_to(daemon.proxy().address());
  send_all(client, "hello");
  ASSERT_TRUE(eventually([&] { return open_sessions(daemon) == 1; }));
  EXPECT_EQ(daemon.ask("POST", "/v1/forwardings/web/drain").status, 204);
  EXPECT_EQ(daemon.get("/v1/forwardings")[0]["state"], "draining");
  // The listener refuses new clients for two seconds, in which it serves pending handshakes. Then the port is free.
  EXPECT_TRUE(eventually([&] { return !connect_to(daemon.proxy().address()); }));
  EXPECT_EQ(open_sessions(daemon), 1U);
  EXPECT_EQ(daemon.ask("POST", "/v1/forwardings/web/enable").status, 204);
  EXPECT_EQ(daemon.get("/v1/forwardings")[0]["state"], "enabled");
  const std::string at = daemon.get("/v1/forwardings")[0]["listen"][0];
  const std::size_t colon = at.rfind(':');
  const Descriptor second = connect_to(
      *net::Address::parse(at.substr(0, colon), static_cast<std::uint16_t>(std::stoi(at.substr(colon + 1)))));
  ASSERT_TRUE(second);
  send_all(second, "hello");
  for (const Descriptor* each : {&client, &second}) {
    ::shutdown(each->get(), SHUT_WR);
    EXPECT_EQ(read_all(*each).size(), 5U);
  }
  for (const Record& record : daemon.proxy().records(2)) EXPECT_TRUE(record.complete) << record.line;
  EXPECT_EQ(daemon.ask("POST", "/v1/forwardings/other/drain").status, 404);
  EXPECT_EQ(daemon.ask("POST", "/v1/forwardings/web/stop").status, 404);
}

TEST(Admin, a_disabled_forwarding_resets_its_sessions) {
  Server server = start_server("recv 5; await never", {}, 1);
  Administered daemon(server.address());
  const Descriptor client = connect_to(daemon.proxy().address());
  send_all(client, "hello");
  ASSERT_TRUE(eventually([&] { return open_sessions(daemon) == 1; }));
  EXPECT_EQ(daemon.ask("POST", "/v1/forwardings/web/disable").status, 204);
  EXPECT_EQ(daemon.proxy().record().summary, "stopped by the operator");
  EXPECT_EQ(daemon.get("/v1/forwardings")[0]["state"], "disabled");
  server.stop();
}

/// Appends what comes to `seen`. Returns false if the stream ends before `what`.
bool reads_until(const Descriptor& stream, std::string& seen, const std::string& what) {
  std::array<char, 4096> room{};
  while (seen.find(what) == std::string::npos) {
    const ssize_t got = ::recv(stream.get(), room.data(), room.size(), 0);
    if (got <= 0) return false;
    seen.append(room.data(), static_cast<std::size_t>(got));
  }
  return true;
}

TEST(Admin, members_of_a_group_are_shown_and_taken_away_and_back) {
  Server server = start_server("recv 5; send 5; expect fin; close", {}, 1);
  const TemporaryDirectory directory;
  const std::string path = directory.file("admin.sock");
  const std::string member = "tcp:" + server.address().text();
  Proxy proxy(server.address(), Proxy::Options{.flags = {"--admin-listen", "unix:" + path},
                                               .config = "groups: {databases: {members: ['" + member +
                                                         "']}}\nforwardings: [{name: db, listen: 'tcp:127.0.0.1:0', "
                                                         "connect: 'group:databases'}]\n"});
  const net::Address at = *net::Address::unix_name(path);
  const auto state = [&]() -> std::string {
    const json groups = json::parse(http(at, "GET", "/v1/groups").body);
    EXPECT_EQ(groups[0]["name"], "databases");
    EXPECT_EQ(groups[0]["members"][0]["name"], member);
    return groups[0]["members"][0]["state"];
  };
  EXPECT_EQ(state(), "up");
  const Descriptor events = connect_to(at);
  send_all(events, "GET /v1/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n");
  std::string seen;
  const auto read_until = [&](const std::string& what) { return reads_until(events, seen, what); };
  ASSERT_TRUE(read_until(": events of lastbyte"));
  const std::string order = "/v1/groups/databases/members/" + member;
  EXPECT_EQ(http(at, "POST", order + "/drain").status, 204);
  EXPECT_TRUE(read_until(R"("event":"member_changed")")) << seen;
  EXPECT_TRUE(read_until(R"("member":")" + member + R"(","state":"draining")")) << seen;
  EXPECT_TRUE(eventually([&] { return state() == "draining"; }));
  EXPECT_EQ(http(at, "POST", order + "/enable").status, 204);
  EXPECT_TRUE(eventually([&] { return state() == "up"; }));
  EXPECT_EQ(http(at, "POST", "/v1/groups/databases/members/nobody/drain").status, 404);
  server.stop();
}

/// Returns the exit status of a console command, and its output.
std::pair<int, std::string> console(const std::vector<std::string>& words, const std::string& socket) {
  Command command{.arguments = {LASTBYTE_BINARY}};
  command.arguments.insert(command.arguments.end(), words.begin(), words.end());
  command.arguments.insert(command.arguments.end(), {"--socket", socket});
  Process process(command);
  const int status = process.wait().value_or(-1);
  return {status, process.out() + process.err()};
}

TEST(Admin, the_console_shows_the_state_and_gives_orders) {
  Server server = start_server("recv 5; send 3; await never", {}, 1);
  Administered daemon(server.address());
  const Descriptor client = connect_to(daemon.proxy().address());
  send_all(client, "hello");
  ASSERT_TRUE(eventually([&] { return open_sessions(daemon) == 1; }));
  const auto [healthy, status] = console({"status"}, daemon.path());
  EXPECT_EQ(healthy, 0) << status;
  EXPECT_NE(status.find("1 open session,"), std::string::npos) << status;
  EXPECT_NE(status.find("web"), std::string::npos) << status;
  const auto [listed, sessions] = console({"sessions", "--state", "open"}, daemon.path());
  EXPECT_EQ(listed, 0);
  EXPECT_NE(sessions.find(server.address().text()), std::string::npos) << sessions;
  EXPECT_EQ(console({"sessions", "--limit", "0"}, daemon.path()).first, 2);
  EXPECT_EQ(console({"ctl", "log-level", "warning"}, daemon.path()).first, 0);
  EXPECT_EQ(console({"ctl", "log-level"}, daemon.path()).second, "{\"level\":\"warning\"}\n");
  EXPECT_EQ(console({"ctl", "drain", "nobody"}, daemon.path()).first, 1);
  EXPECT_EQ(console({"ctl", "dance"}, daemon.path()).first, 2);
  EXPECT_EQ(console({"ctl", "disable", "web"}, daemon.path()).first, 0);
  EXPECT_EQ(daemon.proxy().record().summary, "stopped by the operator");
  EXPECT_EQ(console({"status"}, daemon.path() + ".gone").first, 2);
  server.stop();
}

/// The first member refuses, so the session goes on to the second.
TEST(Admin, sessions_of_udp_are_shown_with_their_member_and_are_ended_like_others) {
  const UdpServer server;
  const TemporaryDirectory directory;
  const std::string path = directory.file("admin.sock");
  const Server nobody = start_server("close");  // its port is free for datagrams, and stays free
  Proxy proxy({}, Proxy::Options{
                      .flags = {"--admin-listen", "unix:" + path},
                      .config = "groups: {u: {policy: first, members: ['udp:" + nobody.address().text() +
                                "', 'udp:" + server.address().text() +
                                "']}}\nforwardings: [{name: dns, listen: 'udp:127.0.0.1:0', connect: 'group:u'}]\n"});
  const net::Address at = *net::Address::unix_name(path);
  const auto sessions = [&] { return json::parse(http(at, "GET", "/v1/sessions").body)["sessions"]; };
  const UdpSocket first;
  const UdpSocket second;
  // The member that refuses the first datagram loses it.
  for (const UdpSocket* each : {&first, &second}) {
    EXPECT_TRUE(eventually([&] {
      each->send(proxy.address(), "hello");
      return each->receive(milliseconds(50)).has_value();
    }));
  }
  const json both = sessions();
  ASSERT_EQ(both.size(), 2U);
  EXPECT_EQ(both[0]["transport"], "udp");
  EXPECT_EQ(both[0]["upstream"], server.address().text());
  EXPECT_EQ(both[0]["member"], "udp:" + server.address().text());
  EXPECT_EQ(both[0]["deadline"], "idle");
  EXPECT_GE(both[0]["flows"]["client"]["received"], 5);
  const std::string one = "/v1/sessions/" + both[0]["id"].dump();
  EXPECT_EQ(json::parse(http(at, "GET", one).body)["id"], both[0]["id"]);
  EXPECT_EQ(http(at, "POST", one + "/close").status, 204);
  EXPECT_EQ(http(at, "GET", one).status, 404);
  EXPECT_EQ(http(at, "POST", one + "/reset").status, 404);
  const json left = sessions();
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(left[0]["id"], both[1]["id"]);
  EXPECT_EQ(http(at, "POST", "/v1/forwardings/dns/disable").status, 204);
  EXPECT_TRUE(eventually([&] { return sessions().empty(); })) << "disable ends the sessions of udp as well";
}

TEST(Admin, events_tell_of_sessions_as_they_begin_and_end) {
  Server server = start_server("recv 5; expect fin; close", {}, 1);
  Administered daemon(server.address());
  const Descriptor events = connect_to(daemon.at());
  send_all(events, "GET /v1/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n");
  std::string seen;
  const auto read_until = [&](const std::string& what) { return reads_until(events, seen, what); };
  ASSERT_TRUE(read_until("text/event-stream"));
  ASSERT_TRUE(read_until(": events of lastbyte"));
  const Descriptor client = connect_to(daemon.proxy().address());
  send_all(client, "hello");
  EXPECT_TRUE(read_until(R"("event":"session_began","session":{"id":1,"forwarding":"web")"));
  ::shutdown(client.get(), SHUT_WR);
  EXPECT_TRUE(read_until(R"("event":"session_ended","session":{)"));
  EXPECT_TRUE(read_until(R"("complete":true)"));
  EXPECT_TRUE(daemon.proxy().record().complete);
}

TEST(Admin, events_tell_of_a_member_each_time_that_its_state_changes) {
  auto member = net::listen_tcp(kLoopback, {}, 1);
  ASSERT_TRUE(member);
  const std::string name = "tcp:" + net::local_address(member->front().get()).text();
  const TemporaryDirectory directory;
  const std::string path = directory.file("admin.sock");
  Proxy proxy({}, Proxy::Options{.flags = {"--admin-listen", "unix:" + path},
                                 .config = "groups: {u: {members: ['" + name +
                                           "'], check: {kind: tcp, period: 50ms}}}\nforwardings: [{name: web, listen: "
                                           "'tcp:127.0.0.1:0', connect: 'group:u'}]\n"});
  const net::Address at = *net::Address::unix_name(path);
  const Descriptor events = connect_to(at);
  send_all(events, "GET /v1/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n");
  std::string seen;
  ASSERT_TRUE(reads_until(events, seen, ": events of lastbyte"));
  // Orders in quick succession.
  for (const char* order : {"drain", "enable", "disable", "enable"})
    EXPECT_EQ(http(at, "POST", "/v1/groups/u/members/" + name + "/" + order).status, 204);
  for (const char* state : {"draining", "up", "disabled"})
    EXPECT_TRUE(reads_until(events, seen, R"("group":"u","member":")" + name + R"(","state":")" + state)) << seen;
  member->front().close();
  EXPECT_TRUE(reads_until(events, seen, R"(","state":"down")")) << seen;
}

TEST(Admin, the_log_level_can_be_changed_while_it_runs) {
  Server server = start_server("close");
  Administered daemon(server.address());
  EXPECT_EQ(daemon.get("/v1/log-level")["level"], "info");
  EXPECT_EQ(daemon.ask("PUT", "/v1/log-level", R"({"level":"error"})").status, 204);
  EXPECT_EQ(daemon.get("/v1/log-level")["level"], "error");
  EXPECT_EQ(daemon.ask("PUT", "/v1/log-level", R"({"level":"loud"})").status, 400);
  daemon.proxy().process().signal(SIGUSR1);
  EXPECT_EQ(daemon.ask("PUT", "/v1/log-level", R"({"level":"info"})").status, 204);
  server.stop();
}

TEST(Admin, the_socket_is_for_its_owner_and_goes_with_the_process) {
  Server server = start_server("close");
  Administered daemon(server.address());
  struct stat status{};
  ASSERT_EQ(::stat(daemon.path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  daemon.proxy().stop();
  EXPECT_FALSE(std::filesystem::exists(daemon.path()));
  server.stop();
}

net::Address told_address(Proxy& proxy, const std::string& what) {
  const std::string err = proxy.process().err();
  const std::size_t begin = err.find(what + " at 127.0.0.1:");
  if (begin == std::string::npos) ADD_FAILURE() << err;
  return *net::Address::parse("127.0.0.1", static_cast<std::uint16_t>(std::stoi(err.substr(begin + what.size() + 14))));
}

TEST(Admin, by_tcp_nothing_goes_without_the_token) {
  Server server = start_server("close");
  const TemporaryDirectory directory;
  write_file(directory.file("token"), std::string(kToken) + "\n");
  ::chmod(directory.file("token").c_str(), 0600);
  Proxy proxy(server.address(), {"--admin-listen", "tcp:127.0.0.1:0", "--dashboard-listen", "tcp:127.0.0.1:0",
                                 "--admin-token-file", directory.file("token")});
  const net::Address admin = told_address(proxy, "administration");
  EXPECT_EQ(http(admin, "GET", "/v1/status").status, 401);
  EXPECT_EQ(http(admin, "GET", "/v1/status", {"Authorization: Bearer wrong"}).status, 401);
  EXPECT_EQ(http(admin, "GET", "/v1/status", {std::string("Authorization: Bearer ") + kToken}).status, 200);
  const net::Address dashboard = told_address(proxy, "dashboard");
  EXPECT_EQ(http(dashboard, "GET", "/").status, 200);
  EXPECT_EQ(json::parse(http(dashboard, "GET", "/v1/status").body)["may_administer"], false);
  EXPECT_EQ(http(dashboard, "POST", "/v1/sessions/1/reset").status, 401);
  const HttpAnswer login = http(dashboard, "POST", "/v1/login", {}, std::string(R"({"token":")") + kToken + "\"}");
  EXPECT_EQ(login.status, 204);
  const std::string cookie = login.header("Set-Cookie");
  const std::string sent = "Cookie: " + cookie.substr(0, cookie.find(';'));
  EXPECT_EQ(json::parse(http(dashboard, "GET", "/v1/status", {sent}).body)["may_administer"], true);
  EXPECT_EQ(http(dashboard, "POST", "/v1/sessions/1/reset", {sent}).status, 404);
  EXPECT_EQ(http(dashboard, "POST", "/v1/sessions/1/reset", {sent, "Origin: http://evil.example"}).status, 403);
  server.stop();
}

TEST(Admin, a_start_by_tcp_without_a_token_or_with_one_that_others_can_read_is_refused) {
  Server server = start_server("close");
  const auto start = [&](const std::vector<std::string>& flags) {
    Command command{.arguments = {LASTBYTE_BINARY, "proxy", "--listen", "tcp:127.0.0.1:0", "--connect",
                                  "tcp:" + server.address().text(), "--admin-listen", "tcp:127.0.0.1:0"}};
    command.arguments.insert(command.arguments.end(), flags.begin(), flags.end());
    Process process(command);
    const auto status = process.wait();
    return std::pair(status, process.err());
  };
  const auto [status, err] = start({});
  EXPECT_EQ(status, 2);
  EXPECT_NE(err.find("admin.token-file"), std::string::npos) << err;
  const TemporaryDirectory directory;
  write_file(directory.file("token"), kToken);
  ::chmod(directory.file("token").c_str(), 0644);
  const auto [open_status, open_err] = start({"--admin-token-file", directory.file("token")});
  EXPECT_EQ(open_status, 1);
  EXPECT_NE(open_err.find("expected mode 0600"), std::string::npos) << open_err;
  const auto refused = [&](const std::string& path) {
    const auto [fails, why] = start({"--admin-token-file", path});
    EXPECT_EQ(fails, 1) << why;
    return why;
  };
  for (const std::string& wrong :
       {std::string(), std::string("short"), std::string(kToken) + "\nmore", std::string(300, 'x')}) {
    write_file(directory.file("wrong"), wrong);
    ::chmod(directory.file("wrong").c_str(), 0600);
    EXPECT_NE(refused(directory.file("wrong")).find(wrong.size() == 300 ? "EFBIG" : "expected one line"),
              std::string::npos)
        << wrong;
  }
  EXPECT_EQ(::mkfifo(directory.file("fifo").c_str(), 0600), 0);
  EXPECT_NE(refused(directory.file("fifo")).find("expected a regular file"), std::string::npos);
  EXPECT_NE(refused(directory.file("none")).find("ENOENT"), std::string::npos);
  if (::geteuid() == 0) {
    ::chmod(directory.file("token").c_str(), 0600);
    EXPECT_EQ(::chown(directory.file("token").c_str(), 12345, 12345), 0);
    EXPECT_NE(refused(directory.file("token")).find("belongs to another user"), std::string::npos);
  }
  server.stop();
}

}  // namespace
}  // namespace lastbyte::system_test
