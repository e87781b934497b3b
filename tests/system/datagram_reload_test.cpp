// T15 for datagrams: a reload changes what new clients get, and no session loses its way.
#include <gtest/gtest.h>
#include <signal.h>

#include "datagrams.h"

namespace lastbyte::system_test {
namespace {

/// A port that nobody had a moment ago.
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

TEST(T15_DatagramReload, a_session_keeps_its_upstream_both_ways_and_new_clients_get_the_new_one) {
  const UdpServer one(saying("one "));
  const UdpServer two(saying("two "));
  const UdpServer three(saying("three "));
  Proxy proxy(one.address(), udp_options({patient(kLoopback, one.address())}));
  const UdpSocket first;
  EXPECT_EQ(first.ask(proxy.address(), "a"), "one a");
  proxy.reload(config_of({patient(kLoopback, two.address())}));
  const UdpSocket second;
  EXPECT_EQ(second.ask(proxy.address(), "b"), "two b");
  EXPECT_EQ(first.ask(proxy.address(), "c"), "one c");
  proxy.reload(config_of({patient(kLoopback, three.address(), {"max-sessions: 100"})}));
  EXPECT_EQ(first.ask(proxy.address(), "d"), "one d");
  EXPECT_EQ(second.ask(proxy.address(), "e"), "two e");
  EXPECT_EQ(UdpSocket().ask(proxy.address(), "f"), "three f");
  end(proxy);
  EXPECT_EQ(datagram_records(proxy, 3).size(), 3U) << "none began twice";
}

TEST(T15_DatagramReload, limits_count_the_sessions_of_before) {
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

TEST(T15_DatagramReload, a_removed_listener_delivers_the_answer_that_is_owed_and_can_come_back_meanwhile) {
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
  end(proxy);
}

}  // namespace
}  // namespace lastbyte::system_test
