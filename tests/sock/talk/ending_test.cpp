// How connections end: each way that the user can choose, as a peer sees it, and each way that a peer can choose.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "tests/sock/running.h"

namespace lastbyte::sock::test {
namespace {

using std::to_string;

TEST(AtEof, fin_half_closes) {
  const auto listener = listen_raw();
  Running client("--at-eof=fin -v 127.0.0.1 " + to_string(listener.port));
  auto peer = accept_raw(listener);
  client.type("x");
  client.end_input();
  EXPECT_EQ(receive_all(peer), "x");
  EXPECT_TRUE(client.errors().wait_for("ESTABLISHED -> FIN_WAIT1"));
  send_raw(peer, "y");
  peer.close();
  EXPECT_EQ(client.whole_output(), "y");
  EXPECT_NE(client.whole_errors().find("(the kernel keeps TIME_WAIT apart"), std::string::npos)
      << client.whole_errors();
}

TEST(AtEof, close_ends_at_once) {
  const auto listener = listen_raw();
  Running client("--at-eof=close 127.0.0.1 " + to_string(listener.port));
  const auto peer = accept_raw(listener);
  client.type("x");
  client.end_input();
  EXPECT_EQ(receive_all(peer), "x");
  EXPECT_EQ(client.status(), kExitOk);
}

TEST(AtEof, reset_ends_with_a_rst) {
  const auto listener = listen_raw();
  Running client("--at-eof=reset 127.0.0.1 " + to_string(listener.port));
  const auto peer = accept_raw(listener);
  client.end_input();
  EXPECT_EQ(receive_all(peer), "<ECONNRESET>");
  EXPECT_EQ(client.status(), kExitOk);
}

TEST(AtEof, quit_after_half_closes_and_then_closes) {
  const auto listener = listen_raw();
  Running client("-q 0.05 -v 127.0.0.1 " + to_string(listener.port));
  const auto peer = accept_raw(listener);
  client.type("x");
  client.end_input();
  EXPECT_EQ(client.status(), kExitOk);
  EXPECT_NE(client.whole_errors().find("SHUT_WR) = 0"), std::string::npos);
  EXPECT_NE(client.whole_errors().find("closed here, without the peer's end of file"), std::string::npos);
}

TEST(AtPeerEof, close_does_not_wait_for_standard_input) {
  const auto listener = listen_raw();
  Running client("--at-peer-eof=close 127.0.0.1 " + to_string(listener.port));
  auto peer = accept_raw(listener);
  send_raw(peer, "bye");
  peer.close();
  EXPECT_EQ(client.whole_output(), "bye");
  EXPECT_EQ(client.status(), kExitOk);
}

TEST(Reset, at_the_end_of_a_complete_exchange_is_seen_by_the_peer) {
  const auto listener = listen_raw();
  Running client("-R -N 127.0.0.1 " + to_string(listener.port));
  const auto peer = accept_raw(listener);
  client.end_input();
  EXPECT_EQ(receive_all(peer), "");
  ::shutdown(peer.get(), SHUT_WR);
  EXPECT_EQ(client.status(), kExitOk);
}

TEST(Linger, zero_makes_close_a_reset) {
  const auto listener = listen_raw();
  Running client("-L 0 --at-eof=close 127.0.0.1 " + to_string(listener.port));
  const auto peer = accept_raw(listener);
  client.end_input();
  EXPECT_EQ(receive_all(peer), "<ECONNRESET>");
}

TEST(Linger, seconds_make_close_wait_for_the_peers_acknowledgement) {
  const auto listener = listen_raw();
  const int small = 4096;
  ::setsockopt(listener.socket.get(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  Running client("-L 1 -v -m source --at-eof=close --write-size 100k --bytes 100k 127.0.0.1 " +
                 to_string(listener.port));
  const auto peer = accept_raw(listener);
  EXPECT_EQ(client.status(), kExitOk);
  // close() reports its duration only if it waited.
  const auto told = client.whole_errors();
  const auto closed = told.rfind("close(");
  ASSERT_NE(closed, std::string::npos);
  EXPECT_NE(told.find(" s)", closed), std::string::npos) << told;
}

TEST(NoRead, close_with_unread_input_resets) {
  Running server("-s -v --no-read --at-eof=close 127.0.0.1 0");
  const auto peer = connect_raw(server.port());
  send_raw(peer, "never read");
  EXPECT_TRUE(server.errors().wait_for("ESTABLISHED"));
  server.end_input();
  EXPECT_EQ(receive_all(peer), "<ECONNRESET>");
  EXPECT_EQ(server.status(), kExitOk);
  const auto report = server.whole_errors();
  EXPECT_NE(report.find("unread 10,"), std::string::npos) << report;
  EXPECT_EQ(report.find("recv("), std::string::npos) << report;
}

TEST(NoRead, a_sink_closes_after_its_delay) {
  Running server("-s -v -m sink --no-read --delay-close 0.05 127.0.0.1 0");
  const auto peer = connect_raw(server.port());
  EXPECT_EQ(receive_all(peer), "");
  EXPECT_EQ(server.status(), kExitOk);
}

TEST(NoRead, standard_input_is_still_sent) {
  const auto listener = listen_raw();
  Running client("--no-read -N 127.0.0.1 " + to_string(listener.port));
  const auto peer = accept_raw(listener);
  client.type("one way");
  client.end_input();
  EXPECT_EQ(receive_all(peer), "one way");
  EXPECT_EQ(client.status(), kExitOk);
}

TEST(NoRead, a_reset_is_noticed_without_reading) {
  const auto listener = listen_raw();
  Running client("--no-read -v 127.0.0.1 " + to_string(listener.port));
  auto peer = accept_raw(listener);
  reset_raw(peer);
  EXPECT_EQ(client.status(), kExitFailed);
  EXPECT_NE(client.whole_errors().find("SO_ERROR) = -1 ECONNRESET"), std::string::npos) << client.whole_errors();
}

TEST(PeerReset, is_a_failure_that_comes_after_the_bytes_before_it) {
  const auto listener = listen_raw();
  // The reset arrives before the tool reads for the first time.
  Running client("-v -d --delay-start 0.3 127.0.0.1 " + to_string(listener.port));
  auto peer = accept_raw(listener);
  EXPECT_TRUE(client.errors().wait_for("connected"));
  send_raw(peer, "last bytes");
  reset_raw(peer);
  EXPECT_EQ(client.status(), kExitFailed);
  EXPECT_EQ(client.whole_output(), "last bytes");
  EXPECT_NE(client.whole_errors().find("reset by the peer, recv: ECONNRESET"), std::string::npos);
}

TEST(PeerReset, found_by_a_send_leaves_the_answer_readable) {
  const auto listener = listen_raw();
  Running client("-v --delay-read 1.5 127.0.0.1 " + to_string(listener.port));
  auto peer = accept_raw(listener);
  EXPECT_TRUE(client.errors().wait_for("connected"));
  send_raw(peer, "answer");
  reset_raw(peer);
  // The send takes the error. The read after the data then looks like an end of file (T10).
  client.type("too late");
  EXPECT_EQ(client.status(), kExitFailed);
  EXPECT_EQ(client.whole_output(), "answer");
  const auto told = client.whole_errors();
  EXPECT_NE(told.find("reset by the peer, send: E"), std::string::npos) << told;
  EXPECT_NE(told.find("lost      8 bytes"), std::string::npos) << told;
}

TEST(PeerReset, of_an_early_answer_with_unread_upload_still_gives_the_answer) {
  Running server("-s -v -m http --early --at-eof=close 127.0.0.1 0");
  const auto peer = connect_raw(server.port());
  send_raw(peer, "PUT / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhe");
  const auto answer = receive_all(peer);
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK")) << answer;
  EXPECT_EQ(server.status(), kExitOk);
}

TEST(Timeout, ends_an_idle_connection_without_a_failure) {
  const auto listener = listen_raw();
  Running client("-w 0.1 --report 127.0.0.1 " + to_string(listener.port));
  const auto peer = accept_raw(listener);
  EXPECT_EQ(client.status(), kExitOk);
  EXPECT_NE(client.whole_errors().find("closed here by --timeout"), std::string::npos);
}

TEST(ReceiveLimit, ends_after_so_many_reads) {
  const auto listener = listen_raw();
  Running client("-W 1 --read-size 2 127.0.0.1 " + to_string(listener.port));
  const auto peer = accept_raw(listener);
  send_raw(peer, "abcd");
  EXPECT_EQ(client.whole_output(), "ab");
  EXPECT_EQ(client.status(), kExitOk);
}

TEST(Delays, of_reads_are_waited_through_one_by_one) {
  const auto listener = listen_raw();
  const auto before = Clock::now();
  Running client("-v -d --read-size 1 --delay-read 50ms 127.0.0.1 " + to_string(listener.port));
  auto peer = accept_raw(listener);
  send_raw(peer, "abc");
  peer.close();
  EXPECT_EQ(client.whole_output(), "abc");
  EXPECT_GE(Clock::now() - before, std::chrono::milliseconds(150));
}

TEST(Refusal, is_a_failure_that_names_the_address) {
  auto listener = listen_raw();
  const auto port = to_string(listener.port);
  listener.socket.close();
  Running client("127.0.0.1 " + port);
  EXPECT_EQ(client.status(), kExitFailed);
  EXPECT_EQ(client.whole_errors(),
            "lastbyte sock: connect 127.0.0.1:" + port + ": Connection refused (ECONNREFUSED)\n");
}

TEST(Stop, ends_whatever_is_going_on) {
  const auto listener = listen_raw();
  Running client("-v 127.0.0.1 " + to_string(listener.port));
  const auto peer = accept_raw(listener);
  EXPECT_TRUE(client.errors().wait_for("connected"));
  client.stop();
  EXPECT_EQ(client.status(), kExitOk);
  EXPECT_NE(client.whole_errors().find(": stopped after"), std::string::npos);
}

TEST(Report, counts_the_fin_and_the_syn_as_the_kernel_does) {
  Running server("-s -v -m echo 127.0.0.1 0");
  Running client("-N --report " + server.operands());
  client.type("12345");
  client.end_input();
  EXPECT_EQ(client.status(), kExitOk);
  // The tool's SYN, five bytes and FIN; the peer's five bytes and FIN.
  EXPECT_NE(client.whole_errors().find("CLOSE; acknowledged by the peer 7, by us 6;"), std::string::npos)
      << client.whole_errors();
}

}  // namespace
}  // namespace lastbyte::sock::test
