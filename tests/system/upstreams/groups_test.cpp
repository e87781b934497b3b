// Groups of upstreams. The tests stop and start their members, and make them reset.
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <functional>
#include <set>
#include <thread>
#include <vector>

#include "net/socket/calls.h"
#include "tests/harness/loopback.h"
#include "tests/harness/proxy.h"
#include "tests/system/upstreams/member.h"

namespace lastbyte::system_test {
namespace {

std::string forwarding(const std::string& connect, const std::string& more = "") {
  return "forwardings:\n  - {name: front, listen: 'tcp:127.0.0.1:0', connect: '" + connect + "'" + more + "}\n";
}

std::string group(const std::vector<const TestMember*>& members, const std::string& more) {
  std::string list;
  for (const TestMember* member : members) list += (list.empty() ? "'" : ", '") + member->endpoint() + "'";
  return "groups:\n  web: {members: [" + list + "]" + more + "}\n";
}

bool said(Proxy& proxy, const std::string& words) {
  return eventually([&] { return proxy.process().err().find(words) != std::string::npos; });
}

constexpr const char* kRetry = ", retry: {retry-on: connect-failure}";

/// Sends `count` requests at once and returns the answers.
std::vector<std::string> ask_at_once(const net::Address& at, std::size_t count) {
  std::vector<std::string> answers(count);
  std::vector<std::thread> clients;
  for (std::size_t index = 0; index < count; ++index)
    clients.emplace_back([&, index] { answers[index] = ask(at, std::to_string(index)); });
  for (std::thread& client : clients) client.join();
  return answers;
}

TEST(Retries, T3_a_restart_of_the_upstream_costs_no_client_anything) {
  TestMember server("a");
  server.stop();
  Proxy proxy(server.address(), {.config = forwarding(server.endpoint(), kRetry)});
  std::vector<std::string> answers;
  std::thread clients([&] { answers = ask_at_once(proxy.address(), 20); });
  // Each client has a socket. The upstream side has one only during a try, which is too short to be met often.
  int seen = 0;
  EXPECT_TRUE(eventually([&] {
    seen = proxy.process().sockets() >= proxy.sockets_at_start() + 20 ? seen + 1 : 0;
    return seen == 5;
  }));
  server.start();
  clients.join();
  for (std::size_t index = 0; index < answers.size(); ++index)
    EXPECT_EQ(answers[index], std::to_string(index) + " a\n");
  for (const auto& [line, times] : server.seen()) EXPECT_EQ(times, 1) << line << " was sent twice";
  for (const Record& record : proxy.records(20)) {
    EXPECT_TRUE(record.complete) << record.line;
    EXPECT_GT(record.retries, 0U) << record.line;
  }
}

TEST(Retries, T3_without_them_a_client_is_reset_promptly) {
  TestMember server("a");
  server.stop();
  Proxy proxy(server.address(), {.config = forwarding(server.endpoint())});
  EXPECT_EQ(ask(proxy.address(), "1"), "");
  const Record record = proxy.record();
  EXPECT_EQ(record.upstream.error, "ECONNREFUSED") << record.line;
  EXPECT_EQ(record.retries, 0U) << record.line;
}

TEST(Groups, T3_a_member_that_refuses_costs_no_client_its_session) {
  TestMember down("down");
  TestMember up("up");
  down.stop();
  Proxy proxy(up.address(), {.config = group({&down, &up}, ", policy: first") + forwarding("group:web")});
  for (int i = 0; i < 5; ++i) EXPECT_EQ(ask(proxy.address(), std::to_string(i)), std::to_string(i) + " up\n");
  for (const Record& record : proxy.records(5)) {
    EXPECT_TRUE(record.complete) << record.line;
    EXPECT_EQ(record.retries, 1U) << record.line;
    EXPECT_EQ(record.upstream.address, up.address().text()) << record.line;
  }
}

TEST(Groups, all_members_get_sessions_in_turn) {
  TestMember one("1");
  TestMember two("2");
  Proxy proxy(one.address(), {.flags = {"--workers", "1"},
                              .config = group({&one, &two}, ", policy: round-robin") + forwarding("group:web")});
  std::multiset<std::string> answers;
  for (int i = 0; i < 6; ++i) answers.insert(ask(proxy.address(), "x"));
  EXPECT_EQ(answers.count("x 1\n"), 3U);
  EXPECT_EQ(answers.count("x 2\n"), 3U);
}

TEST(Groups, one_client_meets_one_member_by_its_address) {
  TestMember one("1");
  TestMember two("2");
  Proxy proxy(one.address(), {.config = group({&one, &two}, ", policy: source-hash") + forwarding("group:web")});
  std::set<std::string> answers;
  for (int i = 0; i < 8; ++i) answers.insert(ask(proxy.address(), "x"));
  EXPECT_EQ(answers.size(), 1U);
}

TEST(Groups, of_udp_members_serve_a_udp_listener) {
  const Descriptor server(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  net::Address any = *net::Address::parse("127.0.0.1", 0);
  ASSERT_EQ(::bind(server.get(), any.data(), any.size()), 0);
  const net::Address at = net::local_address(server.get());
  // A port without a listener: it is closed at once.
  std::string nobody;
  {
    const Descriptor gone(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(::bind(gone.get(), any.data(), any.size()), 0);
    nobody = net::local_address(gone.get()).text();
  }
  Proxy proxy(
      at, {.config =
               "groups: {u: {policy: first, members: ['udp:" + nobody + "', 'udp:" + at.text() +
               "']}}\nforwardings: [{listen: 'udp:127.0.0.1:0', connect: 'group:u', limits: {datagram-idle: 200ms}}]\n",
           .transport = "udp:"});
  const Descriptor client(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::connect(client.get(), proxy.address().data(), proxy.address().size()), 0);
  const auto arrives = [&] {
    return ::send(client.get(), "hi", 2, 0) == 2 && (net::test::events_now(server.get(), POLLIN) & POLLIN) != 0;
  };
  ASSERT_TRUE(eventually(arrives)) << "the member that refused is passed over";
  std::array<char, 8> buffer{};
  EXPECT_EQ(::recv(server.get(), buffer.data(), buffer.size(), 0), 2);
}

TEST(Groups, that_are_down_as_a_whole_reset_their_clients) {
  TestMember server("a");
  server.stop();
  Proxy proxy(server.address(), {.config = group({&server}, "") + forwarding("group:web")});
  EXPECT_EQ(ask(proxy.address(), "1"), "");
  EXPECT_EQ(proxy.record().upstream.error, "ECONNREFUSED");
}

TEST(Health, a_member_whose_checks_fail_gets_no_sessions_until_they_succeed) {
  TestMember one("1");
  TestMember two("2");
  Proxy proxy(
      one.address(),
      {.config = group({&one, &two}, ", policy: first, check: {kind: tcp, period: 20ms, failure-threshold: 2}") +
                 forwarding("group:web")});
  ASSERT_TRUE(said(proxy, one.endpoint() + " is up"));
  ASSERT_TRUE(said(proxy, two.endpoint() + " is up"));
  EXPECT_EQ(ask(proxy.address(), "a"), "a 1\n");
  one.stop();
  ASSERT_TRUE(said(proxy, one.endpoint() + " is down")) << proxy.process().err();
  EXPECT_EQ(ask(proxy.address(), "b"), "b 2\n");
  EXPECT_EQ(proxy.records(2).back().retries, 0U) << "the member that is down was not tried";
  one.start();
  ASSERT_TRUE(said(proxy, one.endpoint() + " is up, was down")) << proxy.process().err();
  EXPECT_TRUE(eventually([&] { return ask(proxy.address(), "c") == "c 1\n"; }));
}

TEST(Health, a_member_that_resets_its_sessions_is_ejected_and_told_once) {
  TestMember bad("bad");
  TestMember good("good");
  bad.set_resets(true);
  Proxy proxy(bad.address(),
              {.config = group({&bad, &good}, ", policy: first, ejection: {after: 3, time: 1h, longest: 1h}") +
                         forwarding("group:web")});
  std::size_t sessions = 0;
  ASSERT_TRUE(eventually([&] { return ++sessions, ask(proxy.address(), "x") == "x good\n"; }));
  EXPECT_TRUE(said(proxy, bad.endpoint() + " is ejected")) << proxy.process().err();
  EXPECT_EQ(ask(proxy.address(), "y"), "y good\n");
  const std::string err = proxy.process().err();
  const auto first = err.find("is ejected");
  EXPECT_EQ(err.find("is ejected", first + 1), std::string::npos) << err;
}

TEST(Replay, T3_without_it_nothing_is_sent_twice) {
  TestMember bad("bad");
  TestMember good("good");
  bad.set_resets(true);
  Proxy proxy(bad.address(), {.config = group({&bad, &good}, ", policy: first") + forwarding("group:web", kRetry)});
  EXPECT_EQ(ask(proxy.address(), "once"), "");
  EXPECT_EQ(bad.seen()["once"], 1);
  EXPECT_TRUE(good.seen().empty());
}

TEST(Replay, T3_a_request_that_was_reset_before_the_first_byte_is_sent_to_another_member) {
  TestMember bad("bad");
  TestMember good("good");
  bad.set_resets(true);
  Proxy proxy(bad.address(), {.config = group({&bad, &good}, ", policy: first") +
                                        forwarding("group:web", ", retry: {retry-on: [reset], replay: 64k}")});
  EXPECT_EQ(ask(proxy.address(), "again"), "again good\n");
  const Record record = proxy.record();
  EXPECT_TRUE(record.complete) << record.line;
  EXPECT_EQ(record.retries, 1U) << record.line;
  EXPECT_EQ(record.upstream.address, good.address().text()) << record.line;
}

TEST(Groups, a_session_that_finds_neither_room_nor_a_place_in_the_queue_ends_by_the_limit) {
  for (const char* queue : {"", ", queue: {length: 1, time: 20s}"}) {
    TestMember server("a");
    Proxy proxy(server.address(), {.config = std::string("groups:\n  web: {members: [{connect: '") + server.endpoint() +
                                             "', max-sessions: 1}]" + queue + "}\n" + forwarding("group:web")});
    std::vector<Descriptor> earlier;  // one is served; with a queue, one waits
    for (int each = 0; each < (*queue == 0 ? 1 : 2); ++each) {
      earlier.push_back(net::test::connect_to(proxy.address()));
      const std::size_t sockets = each == 0 ? 2 : 3;
      ASSERT_TRUE(eventually([&] { return proxy.process().sockets() >= proxy.sockets_at_start() + sockets; }));
    }
    EXPECT_EQ(ask(proxy.address(), "x"), "");
    const Record record = proxy.record();
    EXPECT_EQ(record.first, "limit") << record.line;
    EXPECT_EQ(record.limit, "queue") << record.line;
    EXPECT_TRUE(record.tries.empty()) << record.line;
  }
}

TEST(GroupReload, T15_keeps_the_health_of_members) {
  TestMember bad("bad");
  TestMember good("good");
  bad.set_resets(true);
  const std::string rules = ", policy: first, ejection: {after: 2, time: 1h, longest: 1h}";
  Proxy proxy(bad.address(), {.config = group({&bad, &good}, rules) + forwarding("group:web")});
  ASSERT_TRUE(eventually([&] { return ask(proxy.address(), "x") == "x good\n"; }));
  bad.set_resets(false);
  const std::string told = proxy.reload(group({&bad, &good}, rules + ", slow-start: 1s") + forwarding("group:web"));
  EXPECT_NE(told.find("reload: changed (slow-start): group web"), std::string::npos) << told;
  EXPECT_NE(told.find("1 as before"), std::string::npos) << told;
  for (int i = 0; i < 5; ++i) EXPECT_EQ(ask(proxy.address(), "y"), "y good\n") << "the ejected member stays away";
}

/// Answers each connection with one line, as for HAProxy's agent-check.
class Agent {
 public:
  explicit Agent(std::string word) : word_(std::move(word) + "\n"), listening_(net::test::listener()) {
    thread_ = std::thread([this] {
      for (;;) {
        net::test::wait_for(listening_.get(), POLLIN);
        const Descriptor client(::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        if (!client && stopping_) return;
        ::send(client.get(), word_.data(), word_.size(), MSG_NOSIGNAL);
      }
    });
  }
  ~Agent() {
    stopping_ = true;
    ::shutdown(listening_.get(), SHUT_RDWR);
    thread_.join();
  }
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;
  [[nodiscard]] std::string port() const { return std::to_string(net::local_address(listening_.get()).port()); }

 private:
  std::string word_;
  Descriptor listening_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

TEST(GroupReload, T15_during_an_outage_resets_neither_an_ejected_nor_a_drained_member) {
  TestMember bad("bad");
  TestMember drained("drained");
  TestMember good("good");
  const Agent agent("drain");
  bad.set_resets(true);
  const auto config = [&](const std::string& more) {
    return "groups:\n"
           "  a: {policy: first, ejection: {after: 2, time: 1h, longest: 1h}" +
           more + ", members: ['" + bad.endpoint() + "', '" + good.endpoint() +
           "']}\n"
           "  b: {policy: first, check: {kind: agent, port: " +
           agent.port() + ", period: 50ms}" + more + ", panic-below: 0%, members: ['" + drained.endpoint() +
           "']}\n"
           "forwardings:\n"
           "  - {name: one, listen: 'tcp:127.0.0.1:0', connect: 'group:a'}\n"
           "  - {name: two, listen: 'tcp:127.0.0.1:0', connect: 'group:b'}\n";
  };
  Proxy proxy(good.address(), {.config = config("")});
  ASSERT_TRUE(eventually([&] { return ask(proxy.address(0), "x") == "x good\n"; }));
  ASSERT_TRUE(said(proxy, drained.endpoint() + " is draining"));
  EXPECT_EQ(ask(proxy.address(1), "x"), "");
  bad.stop();  // begins the outage
  const std::string told = proxy.reload(config(", on-down: reset"));
  EXPECT_NE(told.find("2 as before"), std::string::npos) << told;
  bad.start();
  bad.set_resets(false);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(ask(proxy.address(0), "y"), "y good\n") << "ejected before the reload";
    EXPECT_EQ(ask(proxy.address(1), "y"), "") << "drained before the reload";
  }
  EXPECT_EQ(told.find(" is up"), std::string::npos) << told;
}

TEST(GroupReload, T15_begins_and_ends_the_use_of_a_group) {
  TestMember one("1");
  TestMember two("2");
  Proxy proxy(one.address(), {.config = forwarding(one.endpoint())});
  const std::string port = std::to_string(proxy.address().port());
  const auto fixed = [&](const std::string& connect) {
    return "forwardings:\n  - {name: front, listen: 'tcp:127.0.0.1:0', connect: '" + connect + "'}\n";
  };
  EXPECT_EQ(ask(proxy.address(), "a"), "a 1\n");
  proxy.reload(group({&two}, "") + fixed("group:web"));
  EXPECT_TRUE(eventually([&] { return ask(proxy.address(), "b") == "b 2\n"; }));
  proxy.reload(fixed(one.endpoint()));
  EXPECT_TRUE(eventually([&] { return ask(proxy.address(), "c") == "c 1\n"; }));
}

}  // namespace
}  // namespace lastbyte::system_test
