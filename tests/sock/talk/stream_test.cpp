// Data passes through a connection whole, in both directions, however it is cut.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "base/checksum.h"
#include "tests/sock/running.h"

namespace lastbyte::sock::test {
namespace {

std::string xxh64(std::string_view bytes) {
  Checksum checksum;
  checksum.add(bytes);
  return checksum.text();
}

TEST(Relay, carries_standard_input_to_the_peer_and_the_peer_to_standard_output) {
  Running server("-s -v 127.0.0.1 0");
  Running client("-N " + server.operands());
  client.type("question");
  client.end_input();
  EXPECT_TRUE(server.output().wait_for("question"));
  server.type("answer");
  server.end_input();
  EXPECT_EQ(client.status(), kExitOk);
  EXPECT_EQ(server.status(), kExitOk);
  EXPECT_EQ(client.whole_output(), "answer");
  EXPECT_EQ(server.whole_output(), "question");
}

TEST(Relay, loses_no_byte_of_much_data_both_ways_at_once) {
  const auto up = noise(3'000'001);
  const auto down = noise(2'000'003);
  Running server("-s -v 127.0.0.1 0");
  Running client("-N --report --send-buffer 4096 " + server.operands());
  std::thread typist([&] {
    server.type(down);
    server.end_input();
  });
  client.type(up);
  client.end_input();
  typist.join();
  EXPECT_EQ(client.status(), kExitOk);
  EXPECT_TRUE(client.whole_output() == down);
  EXPECT_TRUE(server.whole_output() == up);
  const auto report = client.whole_errors();
  EXPECT_NE(report.find("sent      3000001 bytes"), std::string::npos) << report;
  EXPECT_NE(report.find("xxh64 " + xxh64(up)), std::string::npos) << report;
  EXPECT_NE(report.find("received  2000003 bytes"), std::string::npos) << report;
  EXPECT_NE(report.find("xxh64 " + xxh64(down)), std::string::npos) << report;
}

TEST(Relay, goes_on_sending_after_the_peers_fin) {
  const auto listener = listen_raw();
  Running client("-N -v 127.0.0.1 " + std::to_string(listener.port));
  const auto peer = accept_raw(listener);
  ::shutdown(peer.get(), SHUT_WR);
  EXPECT_TRUE(client.errors().wait_for("CLOSE_WAIT"));
  client.type("after your FIN");
  client.end_input();
  EXPECT_EQ(receive_all(peer), "after your FIN");
  EXPECT_EQ(client.status(), kExitOk);
}

TEST(Relay, goes_on_reading_after_its_own_fin) {
  const auto listener = listen_raw();
  Running client("-N 127.0.0.1 " + std::to_string(listener.port));
  auto peer = accept_raw(listener);
  client.end_input();
  EXPECT_EQ(receive_all(peer), "");
  const auto much = noise(1'000'000);
  send_raw(peer, much);
  peer.close();
  EXPECT_TRUE(client.whole_output() == much);
  EXPECT_EQ(client.status(), kExitOk);
}

TEST(Relay, keeps_the_connection_at_the_end_of_input_unless_told) {
  const auto listener = listen_raw();
  Running client("-v 127.0.0.1 " + std::to_string(listener.port));
  auto peer = accept_raw(listener);
  client.type("x");
  client.end_input();
  EXPECT_TRUE(client.errors().wait_for("end of file on standard input"));
  EXPECT_EQ(receive_some(peer, 1), "x");
  send_raw(peer, "still there");
  EXPECT_TRUE(client.output().wait_for("still there"));
  peer.close();
  EXPECT_EQ(client.status(), kExitOk);
  EXPECT_EQ(client.whole_errors().find("shutdown("), std::string::npos);
}

TEST(Relay, a_reader_of_standard_output_that_waits_holds_the_peer_back_and_misses_nothing) {
  const auto much = noise(20'000'000);
  const auto listener = listen_raw();
  Running client("-N -v 127.0.0.1 " + std::to_string(listener.port), Reader::late);
  const auto peer = accept_raw(listener);
  client.end_input();
  std::size_t taken = 0;
  // This is more than the buffers of a pipe, of the tool and of both sockets can hold.
  std::thread sender([&] {
    while (taken < much.size()) {
      const auto sent = ::send(peer.get(), much.data() + taken, much.size() - taken, MSG_NOSIGNAL);
      if (sent <= 0) return;
      taken += static_cast<std::size_t>(sent);
    }
    ::shutdown(peer.get(), SHUT_WR);
  });
  EXPECT_TRUE(client.errors().wait_for("FIN_WAIT"));
  client.read_output();
  sender.join();
  EXPECT_EQ(taken, much.size());
  EXPECT_TRUE(client.whole_output() == much);
  EXPECT_EQ(client.status(), kExitOk);
}

TEST(Relay, crlf_is_made_of_each_line_end) {
  Running server("-s -v 127.0.0.1 0");
  Running client("-N -C " + server.operands());
  client.type("a\nb\r\n");
  client.end_input();
  server.end_input();
  EXPECT_EQ(server.whole_output(), "a\r\nb\r\n");
}

TEST(Sizes, of_reads_and_writes_are_honoured) {
  Running server("-s -v -m sink --read-size 100 127.0.0.1 0");
  Running client("-v -m source -c 5 --write-size 300 " + server.operands());
  EXPECT_EQ(client.status(), kExitOk);
  const auto sent = client.whole_errors();
  EXPECT_NE(sent.find("send(", 0), std::string::npos);
  EXPECT_NE(sent.find("1500 bytes in 5 writes"), std::string::npos) << sent;
  const auto received = server.whole_errors();
  EXPECT_NE(received.find(", 100) = 100\n"), std::string::npos) << received;
  EXPECT_NE(received.find("1500 bytes in 15 reads"), std::string::npos) << received;
}

TEST(Modes, what_a_source_sends_a_sink_checks) {
  Running server("-s -v -m sink 127.0.0.1 0");
  Running client("--report -m source --bytes 3000000 " + server.operands());
  EXPECT_EQ(client.status(), kExitOk);
  EXPECT_EQ(server.status(), kExitOk);
  const auto sent = client.whole_errors();
  const auto sum = sent.substr(sent.find("xxh64 "), 22);
  EXPECT_NE(server.whole_errors().find("received  3000000 bytes"), std::string::npos);
  EXPECT_NE(server.whole_errors().find(sum), std::string::npos) << sum << server.whole_errors();
}

TEST(Modes, discard_takes_everything_unseen) {
  Running server("-s -v -m discard 127.0.0.1 0");
  Running client("-m source --bytes 3000000 " + server.operands());
  EXPECT_EQ(client.status(), kExitOk);
  const auto report = server.whole_errors();
  EXPECT_NE(report.find("MSG_TRUNC"), std::string::npos);
  EXPECT_NE(report.find("received  3000000 bytes"), std::string::npos) << report;
  EXPECT_NE(report.find("not checked"), std::string::npos);
}

TEST(Modes, echo_gives_everything_back) {
  const auto much = noise(2'000'000);
  Running server("-s -v -m echo 127.0.0.1 0");
  Running client("-N " + server.operands());
  client.type(much);
  client.end_input();
  EXPECT_TRUE(client.whole_output() == much);
  EXPECT_EQ(server.status(), kExitOk);
}

TEST(Modes, http_answers_itself) {
  Running server("-s -v -m http 127.0.0.1 0");
  Running client("-m http --bytes 100000 " + server.operands());
  const auto answer = client.whole_output();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
  EXPECT_NE(answer.find("POST /: 100000 bytes, xxh64 "), std::string::npos) << answer;
  EXPECT_EQ(client.status(), kExitOk);
  EXPECT_EQ(server.status(), kExitOk);
}

TEST(Urgent, a_byte_goes_beside_the_others_and_is_told_of) {
  Running server("-s -v -m sink 127.0.0.1 0");
  Running client("-v -m source -c 3 --write-size 10 --urgent 2 " + server.operands());
  EXPECT_EQ(client.status(), kExitOk);
  const auto sent = client.whole_errors();
  EXPECT_NE(sent.find("MSG_OOB) = 1"), std::string::npos) << sent;
  EXPECT_NE(sent.find("sent      30 bytes in 3 writes"), std::string::npos) << sent;
  const auto received = server.whole_errors();
  EXPECT_NE(received.find("urgent byte '!'"), std::string::npos) << received;
  EXPECT_NE(received.find("received  30 bytes"), std::string::npos) << received;
  EXPECT_NE(received.find("and 1 urgent byte\n"), std::string::npos) << received;
}

TEST(Urgent, inline_it_is_one_of_the_bytes) {
  Running server("-s -v --urgent-inline 127.0.0.1 0");
  Running client("-m source -c 2 --write-size 3 --urgent 2 " + server.operands());
  server.end_input();
  EXPECT_EQ(server.whole_output(), "000!000");
}

TEST(Output, that_breaks_ends_the_run_with_a_failure) {
  Running server("-s -v -k -m source --bytes 8M 127.0.0.1 0");
  Running client("-d " + server.operands(), Reader::absent);
  EXPECT_EQ(client.status(), kExitFailed);
}

TEST(Input, with_no_stdin_is_left_alone) {
  Running server("-s -v -m sink 127.0.0.1 0");
  Running client("-d -N " + server.operands());
  client.type("not to be read");
  EXPECT_EQ(client.status(), kExitOk);
  EXPECT_NE(server.whole_errors().find("received  0 bytes"), std::string::npos);
}

TEST(Ipv6, works_the_same) {
  Running server("-s -v -m echo ::1 0");
  if (!server.errors().wait_for("listening on")) GTEST_SKIP() << "no IPv6 on this machine";
  Running client("-6 -N " + server.operands());
  client.type("six");
  client.end_input();
  EXPECT_EQ(client.whole_output(), "six");
}

TEST(Local, address_and_port_of_a_client_are_those_asked_for) {
  const auto listener = listen_raw();
  auto spare = listen_raw();
  const auto port = std::to_string(spare.port);
  spare.socket.close();
  Running client("-v -d -b 127.0.0.2:" + port + " 127.0.0.1 " + std::to_string(listener.port));
  auto peer = accept_raw(listener);
  EXPECT_TRUE(client.errors().wait_for("connected 127.0.0.2:" + port + " -> "));
  peer.close();
  EXPECT_EQ(client.status(), kExitOk);
}

TEST(Local, a_port_alone_is_a_port_as_in_stevens_sock) {
  const auto listener = listen_raw();
  auto spare = listen_raw();
  const auto port = std::to_string(spare.port);
  spare.socket.close();
  Running client("-v -d -b " + port + " 127.0.0.1 " + std::to_string(listener.port));
  auto peer = accept_raw(listener);
  EXPECT_TRUE(client.errors().wait_for("connected 127.0.0.1:" + port + " -> "));
  peer.close();
  EXPECT_EQ(client.status(), kExitOk);
}

TEST(Local, an_address_alone_leaves_the_port_to_the_kernel) {
  const auto listener = listen_raw();
  Running client("-v -d -b 127.0.0.2 127.0.0.1 " + std::to_string(listener.port));
  auto peer = accept_raw(listener);
  EXPECT_TRUE(client.errors().wait_for("connected 127.0.0.2:"));
  peer.close();
  EXPECT_EQ(client.status(), kExitOk);
}

TEST(Services, that_nobody_knows_are_a_mistake_of_the_command_line) {
  for (const char* line : {"127.0.0.1 no-such-service", "-s no-such-service", "-z 127.0.0.1 no-such-service",
                           "-p no-such-service 127.0.0.1 80"}) {
    Running tool(line);
    EXPECT_EQ(tool.status(), kExitUsage) << line;
    EXPECT_TRUE(tool.errors().wait_for("'no-such-service': no such tcp service in /etc/services")) << line;
  }
}

TEST(Knobs, of_ipv6_have_their_own_names) {
  Running server("-s -v --ttl 9 --min-ttl 2 --tos 184 ::1 0");
  if (!server.errors().wait_for("listening on")) GTEST_SKIP() << "no IPv6 on this machine";
  Running client("-N -d --ttl 9 " + server.operands());
  server.end_input();
  EXPECT_EQ(client.status(), kExitOk);
  EXPECT_EQ(server.status(), kExitOk);
  const auto told = server.whole_errors();
  for (const auto* part : {"IPV6_UNICAST_HOPS, 9) = 0", "IPV6_MINHOPCOUNT, 2) = 0", "IPV6_TCLASS, 184) = 0"}) {
    EXPECT_NE(told.find(part), std::string::npos) << part << '\n' << told;
  }
}

TEST(Knobs, are_turned_and_told_of) {
  const auto listener = listen_raw();
  Running client(
      "-v -d -AP -L 3 -I 9000 -O 9000 --mss 1000 --nodelay --keepalive=50,5,3 --user-timeout 7 --urgent-inline "
      "--ttl 9 --min-ttl 2 --tos 0x10 --dont-route "
      "127.0.0.1 " +
      std::to_string(listener.port));
  auto peer = accept_raw(listener);
  peer.close();
  EXPECT_EQ(client.status(), kExitOk);
  const auto told = client.whole_errors();
  for (const auto* part :
       {"SO_REUSEADDR, 1) = 0", "SO_REUSEPORT, 1) = 0", "SO_LINGER, {on, 3}) = 0",
        "SO_RCVBUF, 9000) = 0  (the kernel holds 18000)", "SO_SNDBUF, 9000) = 0  (the kernel holds 18000)",
        "TCP_MAXSEG, 1000) = 0", "TCP_NODELAY, 1) = 0", "SO_KEEPALIVE, 1) = 0", "TCP_KEEPIDLE, 50) = 0",
        "TCP_KEEPINTVL, 5) = 0", "TCP_KEEPCNT, 3) = 0", "TCP_USER_TIMEOUT, 7000) = 0", "SO_OOBINLINE, 1) = 0",
        "IP_TTL, 9) = 0", "IP_MINTTL, 2) = 0", "IP_TOS, 16) = 0", "SO_DONTROUTE, 1) = 0"}) {
    EXPECT_NE(told.find(part), std::string::npos) << part << '\n' << told;
  }
}

}  // namespace
}  // namespace lastbyte::sock::test
