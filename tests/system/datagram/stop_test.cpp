// T15 for datagrams: a stop refuses new clients, and pending answers still arrive.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>

#include <cerrno>

#include "net/socket/calls.h"
#include "tests/harness/datagrams.h"

namespace lastbyte::system_test {
namespace {

void await_stop(Proxy& proxy) {
  ASSERT_TRUE(eventually([&] { return proxy.process().err().find("no more clients") != std::string::npos; }));
}

/// The upstream has sent once, and a question is unanswered. Returns the address that the answer must go to.
net::Address ask_once_more(const UdpSocket& client, const UdpSocket& upstream, const Proxy& proxy) {
  client.send(proxy.address(), "first");
  const auto first = upstream.receive();
  EXPECT_TRUE(first);
  if (!first) return {};
  upstream.send(first->from, "answered");
  EXPECT_TRUE(client.receive());
  client.send(proxy.address(), "question");
  EXPECT_TRUE(upstream.receive());
  return first->from;
}

std::string slow_forwarding(const net::Address& upstream) {
  return udp_forwarding(kLoopback, upstream, {"limits: {datagram-idle: 1h}"});
}

TEST(DatagramStop, T15_an_answer_that_is_owed_at_the_stop_arrives_and_then_the_session_ends) {
  const UdpSocket upstream;
  Proxy proxy(upstream.address(), udp_options({slow_forwarding(upstream.address())}));
  const UdpSocket client;
  const net::Address session = ask_once_more(client, upstream, proxy);
  proxy.process().signal(SIGTERM);
  await_stop(proxy);
  upstream.send(session, "answer");
  upstream.send(session, "and its end");
  for (const char* part : {"answer", "and its end"}) {
    const auto answer = client.receive();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->bytes, part);
    EXPECT_EQ(answer->from, proxy.address());
  }
  proxy.expect_end();
  const DatagramRecord record = datagram_records(proxy, 1).front();
  EXPECT_EQ(record.end, "drained") << record.line;
  EXPECT_EQ(record.upstream.datagrams, 3U) << record.line;
}

TEST(DatagramStop, T15_nobody_is_heard_after_the_stop_and_the_port_is_free_for_another_process) {
  const UdpSocket upstream;
  const UdpServer successor_upstream;
  Proxy proxy(upstream.address(),
              udp_options({udp_forwarding(kLoopback, upstream.address(),
                                          {"limits: {datagram-idle: 1h}", "client: {reuse-port: true}"})}));
  const UdpSocket client;
  const net::Address session = ask_once_more(client, upstream, proxy);
  proxy.process().signal(SIGTERM);
  await_stop(proxy);
  // A new client learns by ICMP that nobody listens.
  const UdpSocket late;
  late.connect(proxy.address());
  EXPECT_TRUE(eventually([&] {
    ::send(late.fd(), "x", 1, 0);  // repeatedly: the workers close their sockets one by one
    return net::take_error(late.fd()) == ECONNREFUSED;
  }));
  {
    Proxy successor(
        successor_upstream.address(),
        udp_options({udp_forwarding(proxy.address(), successor_upstream.address(), {"client: {reuse-port: true}"})}));
    for (int i = 0; i < 10; ++i) {
      const UdpSocket another;
      EXPECT_EQ(another.ask(proxy.address(), "x"), "x");
    }
    // The old process still forwards the answers that its clients wait for.
    upstream.send(session, "answer");
    const auto answer = client.receive();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->bytes, "answer");
    datagram_records(successor, 10);
  }
  proxy.expect_end();
}

TEST(DatagramStop, T15_the_drain_time_bounds_the_waiting) {
  const UdpSocket upstream;
  Proxy proxy(upstream.address(), udp_options({slow_forwarding(upstream.address())}, {"--drain", "300ms"}));
  const UdpSocket client;
  client.send(proxy.address(), "question");
  ASSERT_TRUE(upstream.receive());
  proxy.process().signal(SIGTERM);
  proxy.expect_end();
  const DatagramRecord record = datagram_records(proxy, 1).front();
  EXPECT_EQ(record.end, "stopped") << record.line;
  EXPECT_EQ(record.summary, "stopped by the operator") << record.line;
}

// Syslog, statsd: the protocol has no answers, so a restart need not wait for one.
TEST(DatagramStop, T15_an_upstream_that_has_never_spoken_owes_nothing_at_a_stop) {
  const UdpSocket upstream;
  Proxy proxy(upstream.address(), udp_options({slow_forwarding(upstream.address())}, {"--drain", "1h"}));
  const UdpSocket client;
  client.send(proxy.address(), "line of a log");
  ASSERT_TRUE(upstream.receive());
  proxy.process().signal(SIGTERM);
  proxy.expect_end();
  const DatagramRecord record = datagram_records(proxy, 1).front();
  EXPECT_EQ(record.end, "drained") << record.line;
}

TEST(DatagramStop, T15_a_second_signal_ends_the_waiting) {
  const UdpSocket upstream;
  Proxy proxy(upstream.address(), udp_options({slow_forwarding(upstream.address())}, {"--drain", "1h"}));
  const UdpSocket client;
  ask_once_more(client, upstream, proxy);
  proxy.process().signal(SIGTERM);
  await_stop(proxy);
  proxy.process().signal(SIGTERM);
  proxy.expect_end();
  EXPECT_EQ(datagram_records(proxy, 1).front().end, "stopped");
}

// The service manager keeps its socket: datagrams after the stop wait in it for the next start.
TEST(DatagramStop, T15_a_passed_socket_is_served_and_goes_on_hearing_after_the_stop) {
  const UdpServer server;
  const UdpSocket passed;
  auto options = udp_options({udp_forwarding(passed.address(), server.address())});
  options.passed_sockets = {passed.fd()};
  const UdpSocket client;
  for (int run = 0; run < 2; ++run) {
    if (run == 1) client.send(passed.address(), "between");
    Proxy proxy(server.address(), options);
    if (run == 1) {
      const auto answer = client.receive();
      ASSERT_TRUE(answer);
      EXPECT_EQ(answer->bytes, "between");
    }
    EXPECT_EQ(client.ask(passed.address(), "x"), "x");
    EXPECT_EQ(client.ask(passed.address(), "y"), "y");
    datagram_records(proxy, 1);
  }
}

}  // namespace
}  // namespace lastbyte::system_test
