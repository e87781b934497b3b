// Variants: over UNIX sockets, and with PROXY protocol headers.
#include "check/variant.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cerrno>
#include <set>

#include "check/grade.h"
#include "check/header.h"
#include "check/launchers.h"
#include "check/peer.h"
#include "check/report.h"
#include "tests/check_scenarios/script.h"

namespace lastbyte::check {
namespace {

using net::proxy_protocol::Version;

bool plays(const char* scenario, const char* variant) {
  return has_meaning(*find_scenario(scenario), *find_variant(variant));
}

TEST(Variants, have_names_of_their_own_and_tcp_is_the_first) {
  std::set<std::string_view> names;
  for (const Variant& each : variants()) {
    EXPECT_TRUE(names.insert(each.name).second) << each.name;
    EXPECT_EQ(find_variant(each.name), &each);
    EXPECT_NE(variant_names().find(each.name), std::string::npos);
  }
  EXPECT_EQ(tcp_variant().name, "tcp");
  EXPECT_EQ(find_variant("quic"), nullptr);
  EXPECT_EQ(label(*find_scenario("refused"), tcp_variant()), "refused");
  EXPECT_EQ(label(*find_scenario("refused"), *find_variant("tcp-to-unix")), "refused@tcp-to-unix");
}

TEST(Variants, leave_out_what_a_unix_socket_does_not_have) {
  EXPECT_TRUE(plays("half-close-client", "unix"));
  EXPECT_FALSE(plays("client-reset-idle", "unix-to-tcp"));  // it has no RST to send
  EXPECT_TRUE(plays("client-reset-idle", "tcp-to-unix"));
  EXPECT_FALSE(plays("refused", "unix-to-tcp"));  // nor one to be told a failure by, with nothing unread
  EXPECT_TRUE(plays("refused", "tcp-to-unix"));
  EXPECT_FALSE(plays("late-listener", "tcp-to-unix"));  // nor a SYN to be swallowed
  EXPECT_TRUE(plays("late-listener", "unix-to-tcp"));
  for (const Scenario& each : scenarios()) {
    EXPECT_TRUE(has_meaning(each, tcp_variant())) << each.name;
    const bool special = each.first_to_close != FirstToClose::not_watched || each.place != Place::here || each.alone ||
                         each.slow || each.needs != Needs::nothing;
    EXPECT_FALSE(each.varied && special) << each.name;
    EXPECT_EQ(has_meaning(each, *find_variant("proxy-v1")), each.varied) << each.name;
  }
}

/// What plays in them without any proxy.
TEST(Variants, hold_without_a_proxy_where_both_sides_are_alike) {
  const Target plain{.name = "no proxy"};
  References references;
  Choice choice{.scenarios = {find_scenario("half-close-client-20m"), find_scenario("answer-then-close-unread"),
                              find_scenario("client-reset-after-data"), find_scenario("full-duplex"),
                              find_scenario("simultaneous-close"), find_scenario("back-pressure-download")}};
  choice.variants = {find_variant("unix"), find_variant("proxy-v1"), find_variant("proxy-v2")};
  const Report report = grade(plain, choice, references, nullptr);
  EXPECT_EQ(report.outcomes.size(), 5U + 6U + 6U);
  for (const Outcome& each : report.outcomes) EXPECT_EQ(each.verdict, Verdict::pass) << table_row(each, true);
}

TEST(Variants, what_a_target_does_not_speak_is_skipped_and_never_passed) {
  const Target plain{.name = "no proxy"};
  References references;
  Choice choice{.scenarios = {find_scenario("half-close-client")}};
  choice.variants = {find_variant("unix-to-tcp"), find_variant("send-proxy-v1")};
  const Report report = grade(plain, choice, references, nullptr);
  ASSERT_EQ(report.count(Verdict::skip), 2U);
  EXPECT_TRUE(report.outcomes.front().unspoken);
  EXPECT_NE(report.outcomes.front().reason.find("does not speak"), std::string::npos);
  EXPECT_NE(table_row(report.outcomes.front(), false).find("*@unix-to-tcp"), std::string::npos);
}

/// A real proxy that speaks all of them.
TEST(Variants, haproxy_forwards_in_each_of_them) {
  const auto haproxy = std::ranges::find(launchers(), "haproxy", [](const Launcher& each) { return each.target.name; });
  ASSERT_NE(haproxy, launchers().end());
  if (const std::string lacking = missing(*haproxy); !lacking.empty()) GTEST_SKIP() << lacking << " is not installed";
  References references;
  Choice choice{.scenarios = {find_scenario("half-close-client"), find_scenario("simultaneous-close")}};
  for (const Variant& each : variants()) choice.variants.push_back(&each);
  const Report report = grade(haproxy->target, choice, references, nullptr);
  for (const Outcome& each : report.outcomes) EXPECT_EQ(each.verdict, Verdict::pass) << table_row(each, true);
}

/// One that is said to speak what it does not.
TEST(Variants, a_missing_header_is_found) {
  Target haproxy;
  for (const Launcher& each : launchers())
    if (each.target.name == "haproxy" && missing(each).empty()) haproxy = each.target;
  if (haproxy.name.empty()) GTEST_SKIP() << "haproxy is not installed";
  haproxy.forms["send-proxy-v2"] = {haproxy.command, haproxy.config};
  haproxy.forms["send-proxy-v1"] = haproxy.forms.at("send-proxy-v1");
  haproxy.forms["accept-proxy-v1"] = {haproxy.command, haproxy.config};
  haproxy.forms["proxy-v1"] = haproxy.forms.at("proxy-v2");
  References references;
  Choice choice{.scenarios = {find_scenario("half-close-client")}};
  choice.variants = {find_variant("send-proxy-v2"), find_variant("accept-proxy-v1"), find_variant("proxy-v1"),
                     find_variant("send-proxy-v1")};
  const Report report = grade(haproxy, choice, references, nullptr);
  ASSERT_EQ(report.outcomes.size(), 4U);
  EXPECT_NE(report.outcomes[0].reason.find("server: "), std::string::npos) << report.outcomes[0].reason;
  EXPECT_NE(report.outcomes[1].reason.find("wrong bytes"), std::string::npos) << report.outcomes[1].reason;
  EXPECT_EQ(report.outcomes[2].reason, "server: PROXY header: it is of version 2, expected version 1");
  EXPECT_EQ(report.outcomes[3].verdict, Verdict::pass) << report.outcomes[3].reason;
}

class Header : public ::testing::Test {
 protected:
  void SetUp() override {
    std::array<int, 2> pair{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair.data()), 0);
    ours_ = Descriptor(pair[0]);
    theirs_ = Descriptor(pair[1]);
  }

  void send(const std::string& bytes) const {
    ASSERT_EQ(::send(theirs_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  }
  Observed take(Version version, Duration limit = Duration(5000)) {
    Observed seen;
    Wakeup wakeup;
    const std::atomic<bool> stopped = false;
    take_header(ours_.get(), version, wakeup, stopped, Clock::now(), Clock::now() + limit, seen);
    return seen;
  }
  [[nodiscard]] std::string rest() const {
    std::array<char, 100> buffer{};
    const ssize_t got = ::recv(ours_.get(), buffer.data(), buffer.size(), 0);
    return {buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0))};
  }

  Descriptor ours_;
  Descriptor theirs_;
};

TEST_F(Header, is_taken_without_the_bytes_behind_it) {
  for (const Version version : {Version::v1, Version::v2}) {
    send(header_of(version) + "and more");
    const Observed seen = take(version);
    EXPECT_TRUE(seen.header) << seen.header_failure;
    EXPECT_EQ(seen.header_failure, "");
    EXPECT_EQ(seen.told, told_by_clients());
    EXPECT_EQ(rest(), "and more");
  }
}

TEST_F(Header, may_come_in_parts) {
  const std::string header = header_of(Version::v1);
  send(header.substr(0, 9));
  std::thread later([&] {
    std::this_thread::sleep_for(Duration(30));
    send(header.substr(9));
  });
  EXPECT_TRUE(take(Version::v1).header);
  later.join();
}

TEST_F(Header, of_the_other_version_is_reported) {
  send(header_of(Version::v1));
  EXPECT_EQ(take(Version::v2).header_failure, "it is of version 1, expected version 2");
}

TEST_F(Header, what_is_none_is_reported_and_left_to_the_script) {
  send("GET / HTTP/1.1\r\n");
  const Observed seen = take(Version::v1);
  EXPECT_FALSE(seen.header);
  EXPECT_NE(seen.header_failure, "");
  EXPECT_EQ(rest(), "GET / HTTP/1.1\r\n");
}

TEST_F(Header, an_end_or_a_failure_before_it_is_reported) {
  EXPECT_EQ(take(Version::v1, Duration(20)).header_failure, "it did not come in time");
  send("PROXY");
  theirs_.close();
  EXPECT_NE(take(Version::v1, Duration(20)).header_failure, "");
  SetUp();
  theirs_.close();
  EXPECT_EQ(take(Version::v1).header_failure, "the connection ended before it");
  SetUp();
  ASSERT_EQ(::send(ours_.get(), "x", 1, 0), 1);
  theirs_.close();  // with input unread
  const Observed failed = take(Version::v1);
  EXPECT_EQ(failed.header_failure, "the connection failed before it, ECONNRESET");
  EXPECT_EQ(failed.error, ECONNRESET);
}

Take one_session(const Observed& client, const Observed& server) {
  Take take;
  take.clients = {client};
  take.servers = {server};
  return take;
}

TEST(Judge, a_header_must_tell_of_the_client) {
  Observed client;
  client.connected = true;
  client.local = *net::Address::parse("127.0.0.1", 1000);
  Observed server = client;
  server.header = true;
  server.told = client.local;
  const Scenario scenario{};
  const Variant& sends = *find_variant("send-proxy-v1");
  EXPECT_TRUE(judge(scenario, one_session(client, server), true, sends).empty());
  server.told.set_port(1001);
  EXPECT_EQ(judge(scenario, one_session(client, server), true, sends),
            std::vector<std::string>{"server: the PROXY header tells of 127.0.0.1:1001; expected 127.0.0.1:1000"});
  EXPECT_TRUE(judge(scenario, one_session(client, server), true).empty());
  // Behind a header of its own, the client is whom that tells of.
  const Variant& passes_on = *find_variant("proxy-v1");
  EXPECT_FALSE(judge(scenario, one_session(client, server), true, passes_on).empty());
  server.told = told_by_clients();
  EXPECT_TRUE(judge(scenario, one_session(client, server), true, passes_on).empty());
}

TEST(Judge, a_header_that_never_came_is_a_complaint_unless_the_connection_may_fail) {
  Observed client;
  client.connected = true;
  Observed server = client;
  server.header_failure = "the connection ended before it";
  server.error = ECONNRESET;
  const Variant& sends = *find_variant("send-proxy-v1");
  EXPECT_EQ(judge(Scenario{}, one_session(client, server), true, sends).front(),
            "server: PROXY header: the connection ended before it");
  const Scenario may_fail{.server_wants = {.ending = Ending::failure_or_nothing}};
  EXPECT_TRUE(judge(may_fail, one_session(client, server), true, sends).empty());
}

TEST(UnixPeers, agree_on_what_was_sent) {
  const auto directory = ScratchDirectory::make();
  ASSERT_TRUE(directory);
  const net::Address at = *net::Address::unix_name(directory->file("socket"));
  for (int i = 0; i < 2; ++i) {  // the path of the first server is still there when the second one comes
    auto server = Server::start(script("expect fin; send 5M; close"), {}, 1, at);
    ASSERT_TRUE(server) << server.error().text();
    EXPECT_EQ(server->address(), at);
    Client client(at, script("send 3M; shutdown; expect fin"));
    EXPECT_TRUE(client.wait().as_scripted()) << client.wait().text();
    EXPECT_EQ(client.wait().received, 5U << 20);
    EXPECT_EQ(server->wait().at(0).received, 3U << 20);
  }
}

Observed client_of(const char* client_text, const char* server_text) {
  const auto directory = ScratchDirectory::make();
  Meeting meeting;
  PeerOptions options;
  options.meeting = &meeting;
  const net::Address at = *net::Address::unix_name(directory->file("socket"));
  auto server = Server::start(script(server_text), options, 1, at);
  EXPECT_TRUE(server);
  Client client(at, script(client_text), options);
  return client.wait();
}

TEST(UnixPeers, T14_a_reset_shows_in_the_nearest_form_that_there_is) {
  const Observed unread = client_of("send 1; expect reset", "close-unread");
  EXPECT_TRUE(unread.as_scripted()) << unread.text();
  EXPECT_EQ(unread.error, ECONNRESET);
  const Observed closed = client_of("expect reset", "reset");
  EXPECT_TRUE(closed.as_scripted()) << closed.text();
  const Observed half = client_of("expect reset", "shutdown; await never");
  EXPECT_EQ(half.steps.at(0).failure, "the input ended by a FIN") << half.text();
}

TEST(UnixPeers, nobody_at_the_path_is_reported) {
  Client client(*net::Address::unix_name("/nonexistent/socket"), script("read"));
  EXPECT_FALSE(client.wait().connected);
  EXPECT_EQ(client.wait().error, ENOENT);
  EXPECT_FALSE(Server::start(script("read"), {}, 1, *net::Address::unix_name("/nonexistent/socket")));
}

}  // namespace
}  // namespace lastbyte::check
