// T15 for datagrams: a reload changes what new clients get, and every session keeps its way.
#include <gtest/gtest.h>
#include <signal.h>

#include "tests/harness/datagrams.h"

namespace lastbyte::system_test {
namespace {

/// Returns a port that was just closed.
net::Address free_address() { return UdpSocket().address(); }

UdpServer::Answer saying(const std::string& word) {
  return [word](const std::string& bytes) { return word + bytes; };
}

std::string config_of(const std::vector<std::string>& forwardings) { return udp_options(forwardings).config; }

std::string patient(const net::Address& listen, const net::Address& upstream, std::vector<std::string> more = {}) {
  more.emplace_back("limits: {datagram-idle: 1h}");
  return udp_forwarding(listen, upstream, more);
}

void end(Proxy& proxy) {
  proxy.process().signal(SIGTERM);
  proxy.expect_end();
}

TEST(DatagramReload, T15_a_session_whose_upstream_stands_goes_on_both_ways_under_its_own_settings) {
  const UdpServer one(saying("one "));
  Proxy proxy(one.address(), udp_options({patient(kLoopback, one.address())}));
  const UdpSocket first;
  EXPECT_EQ(first.ask(proxy.address(), "a"), "one a");
  for (const char* setting : {"max-sessions: 100", "max-sessions: 200"}) {
    proxy.reload(config_of({patient(kLoopback, one.address(), {setting})}));
    EXPECT_EQ(first.ask(proxy.address(), "b"), "one b");
    EXPECT_EQ(UdpSocket().ask(proxy.address(), "c"), "one c");
  }
  end(proxy);
  EXPECT_EQ(datagram_records(proxy, 3).size(), 3U) << "none began twice";
}

// A syslog or WireGuard client always sends from one port: it must not stay with an upstream that is gone.
TEST(DatagramReload, T15_clients_come_to_the_new_upstream_and_the_old_one_still_delivers_the_answer_that_it_owes) {
  const UdpSocket slow;
  const UdpServer two(saying("two "));
  const UdpServer three(saying("three "));
  Proxy proxy(slow.address(), udp_options({patient(kLoopback, slow.address(), {"max-sessions-per-client: 1"})}));
  const UdpSocket client;
  client.send(proxy.address(), "question");
  const auto question = slow.receive();
  ASSERT_TRUE(question);
  proxy.reload(config_of({patient(kLoopback, two.address(), {"max-sessions-per-client: 1", "max-sessions: 1"})}));
  EXPECT_EQ(client.ask(proxy.address(), "a"), "two a");
  slow.send(question->from, "answer");
  const auto answer = client.receive();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->bytes, "answer");
  EXPECT_EQ(answer->from, proxy.address());
  const DatagramRecord old = datagram_records(proxy, 1).front();
  EXPECT_EQ(old.end, "superseded") << old.line;
  EXPECT_EQ(old.client.datagrams, 1U) << old.line;
  EXPECT_EQ(old.upstream.datagrams, 1U) << old.line;
  // The upstream has answered everything: only a second of silence keeps that session.
  proxy.reload(config_of({patient(kLoopback, three.address(), {"max-sessions: 1"})}));
  EXPECT_EQ(client.ask(proxy.address(), "b"), "three b");
  EXPECT_EQ(datagram_records(proxy, 2).back().end, "superseded");
  end(proxy);
}

TEST(DatagramReload, T15_a_client_that_never_pauses_comes_under_the_new_settings_unless_its_upstream_speaks) {
  const UdpSocket mute;
  const UdpServer answers;
  const auto both = [&](const std::string& more) {
    return config_of({udp_forwarding(kLoopback, mute.address(), {"name: mute", more}),
                      udp_forwarding(kLoopback, answers.address(), {"name: answers", more})});
  };
  Proxy::Options options;
  options.config = both("max-sessions: 100");
  Proxy proxy(mute.address(), options);
  const UdpSocket sender;
  const UdpSocket asker;
  const auto speak = [&] {
    sender.send(proxy.address(0), "x");
    EXPECT_EQ(asker.ask(proxy.address(1), "y"), "y");
  };
  speak();
  proxy.reload(both("max-sessions: 200"));
  EXPECT_TRUE(eventually([&] {
    speak();
    return proxy.process().running() && !proxy.lines(0).empty();
  }));
  const DatagramRecord record = datagram_records(proxy, 1).front();
  EXPECT_EQ(record.forwarding, "mute") << record.line;
  EXPECT_EQ(record.end, "idle") << record.line;
  end(proxy);
}

TEST(DatagramReload, T15_limits_count_the_sessions_of_before) {
  const UdpServer upstream;
  Proxy proxy(upstream.address(), udp_options({patient(kLoopback, upstream.address())}));
  const UdpSocket first;
  EXPECT_EQ(first.ask(proxy.address(), "a"), "a");
  proxy.reload(config_of({patient(kLoopback, upstream.address(), {"max-sessions-per-client: 1"})}));
  const UdpSocket second;
  second.send(proxy.address(), "b");
  EXPECT_TRUE(eventually([&] { return first.ask(proxy.address(), "c") == "c"; }));
  EXPECT_FALSE(second.receive(milliseconds(200)));
  proxy.reload(config_of({patient(kLoopback, upstream.address(), {"max-sessions: 1"})}));
  second.send(proxy.address(), "d");
  EXPECT_EQ(first.ask(proxy.address(), "e"), "e");
  EXPECT_FALSE(second.receive(milliseconds(200)));
  proxy.reload(config_of({patient(kLoopback, upstream.address())}));
  EXPECT_EQ(second.ask(proxy.address(), "f"), "f");
  end(proxy);
}

TEST(DatagramReload, T15_a_removed_listener_delivers_the_answer_that_is_owed_and_can_come_back_meanwhile) {
  const UdpSocket upstream;
  const UdpServer other;
  const net::Address at = free_address();
  const std::string stays = udp_forwarding(kLoopback, other.address());
  Proxy proxy(upstream.address(), udp_options({patient(at, upstream.address()), stays}));
  const UdpSocket client;
  client.send(at, "question");
  const auto question = upstream.receive();
  ASSERT_TRUE(question);
  proxy.reload(config_of({stays}));
  EXPECT_EQ(UdpSocket().ask(proxy.address(1), "x"), "x");
  const std::string said = proxy.reload(config_of({stays, patient(at, other.address())}));
  EXPECT_NE(said.find("1 added"), std::string::npos) << said;
  EXPECT_EQ(UdpSocket().ask(at, "new"), "new");
  upstream.send(question->from, "answer");
  const auto answer = client.receive();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->bytes, "answer");
  EXPECT_EQ(answer->from, at);
  EXPECT_EQ(datagram_records(proxy, 2).back().end, "superseded");
  end(proxy);
}

}  // namespace
}  // namespace lastbyte::system_test
