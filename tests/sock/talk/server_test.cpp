// Servers: one client, one after another, many at once; and what prevents listening on a port.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>

#include "tests/sock/running.h"

namespace lastbyte::sock::test {
namespace {

using std::to_string;

TEST(Server, serves_one_client_and_refuses_the_next) {
  Running server("-s -v -m echo 127.0.0.1 0");
  const auto operands = server.operands();
  auto first = connect_raw(server.port());
  EXPECT_TRUE(server.errors().wait_for("accept("));
  EXPECT_TRUE(server.errors().wait_for("close("));
  Running second(operands);
  EXPECT_EQ(second.status(), kExitFailed);
  first.close();
  EXPECT_EQ(server.status(), kExitOk);
}

TEST(Server, keep_open_serves_one_after_another) {
  Running server("-s -k -v -m echo 127.0.0.1 0");
  const auto operands = server.operands();
  for (const std::string text : {"first", "second", "third"}) {
    Running client("-N " + operands);
    client.type(text);
    client.end_input();
    EXPECT_EQ(client.whole_output(), text);
  }
  server.stop();
  EXPECT_EQ(server.status(), kExitOk);
}

TEST(Server, keep_open_tells_by_its_status_that_one_of_them_failed) {
  Running server("-s -k -v -m echo 127.0.0.1 0");
  auto peer = connect_raw(server.port());
  send_raw(peer, "x");
  EXPECT_EQ(receive_some(peer, 1), "x");
  reset_raw(peer);
  EXPECT_TRUE(server.errors().wait_for("reset by the peer"));
  server.stop();
  EXPECT_EQ(server.status(), kExitFailed);
}

TEST(Server, one_after_another_leaves_the_second_waiting) {
  Running server("-s -k -v -m echo 127.0.0.1 0");
  auto first = connect_raw(server.port());
  const auto second = connect_raw(server.port());
  send_raw(second, "patient");
  send_raw(first, "x");
  EXPECT_EQ(receive_some(first, 1), "x");
  std::array<char, 16> none{};
  EXPECT_EQ(::recv(second.get(), none.data(), none.size(), MSG_DONTWAIT), -1);
  first.close();
  EXPECT_EQ(receive_some(second, 7), "patient");
  server.stop();
}

TEST(Server, concurrent_serves_many_at_once) {
  Running server("-s -v --concurrent 3 -m echo 127.0.0.1 0");
  const auto port = server.port();
  const std::array peers{connect_raw(port), connect_raw(port), connect_raw(port)};
  // The server answers each while all others are still open.
  for (int round = 0; round < 3; ++round) {
    for (const auto& peer : peers) send_raw(peer, "ping");
    for (const auto& peer : peers) EXPECT_EQ(receive_some(peer, 4), "ping");
  }
  server.stop();
  EXPECT_EQ(server.status(), kExitOk);
}

TEST(Server, standard_input_goes_on_with_the_next_client) {
  Running server("-s -k -v 127.0.0.1 0");
  const auto port = server.port();
  auto first = connect_raw(port);
  server.type("one");
  EXPECT_EQ(receive_some(first, 3), "one");
  ::shutdown(first.get(), SHUT_WR);
  EXPECT_TRUE(server.errors().wait_for("CLOSE_WAIT"));
  reset_raw(first);
  const auto second = connect_raw(port);
  EXPECT_TRUE(server.errors().wait_for("[2] "));
  server.type("two");
  EXPECT_EQ(receive_some(second, 3), "two");
  server.stop();
}

TEST(Server, as_nc_ends_with_its_clients_fin) {
  Running server("-l -v 127.0.0.1 0");
  const auto peer = connect_raw(server.port());
  send_raw(peer, "hi");
  ::shutdown(peer.get(), SHUT_WR);
  EXPECT_EQ(server.whole_output(), "hi");
  EXPECT_EQ(server.status(), kExitOk);
}

TEST(Server, delay_accept_leaves_the_connection_in_the_backlog) {
  Running server("-s -v -m echo --delay-accept 0.2 127.0.0.1 0");
  const auto peer = connect_raw(server.port());
  send_raw(peer, "x");
  EXPECT_EQ(receive_some(peer, 1), "x");
}

TEST(Server, stop_while_nobody_came_is_no_failure) {
  Running server("-s -v 127.0.0.1 0");
  EXPECT_TRUE(server.errors().wait_for("listening on"));
  server.stop();
  EXPECT_EQ(server.status(), kExitOk);
}

TEST(Port, that_is_listened_on_is_refused_with_a_reason) {
  const auto taken = listen_raw();
  Running server("-s -A 127.0.0.1 " + to_string(taken.port));
  EXPECT_EQ(server.status(), kExitFailed);
  EXPECT_EQ(server.whole_errors(),
            "lastbyte sock: listen on 127.0.0.1:" + to_string(taken.port) +
                ": Address already in use (EADDRINUSE): another socket holds the port, or connections in "
                "TIME_WAIT of a socket without -A do\n");
}

/// Returns the port of a server that closed first, so that TIME_WAIT is on its side. The kernel chose the port.
std::string port_in_time_wait(const std::string& options) {
  Running server("-s -v " + options + " -m source --bytes 1 --at-eof=close 127.0.0.1 0");
  const auto port = server.port();
  const auto peer = connect_raw(port);
  EXPECT_EQ(receive_all(peer), "0");
  EXPECT_EQ(server.status(), kExitOk);
  return to_string(port);
}

TEST(Port, in_time_wait_is_had_only_with_reuse_address) {
  const auto port = port_in_time_wait("-A");
  Running plain("-s 127.0.0.1 " + port);
  EXPECT_EQ(plain.status(), kExitFailed);
  EXPECT_NE(plain.whole_errors().find("TIME_WAIT"), std::string::npos) << plain.whole_errors();
  Running reusing("-s -A -v 127.0.0.1 " + port);
  EXPECT_EQ(reusing.address(), "127.0.0.1:" + port);
}

// TIME_WAIT remembers whether the socket had SO_REUSEADDR (net/ipv4/inet_connection_sock.c).
TEST(Port, in_time_wait_of_a_server_without_reuse_address_is_had_by_nobody) {
  const auto port = port_in_time_wait("");
  Running reusing("-s -A 127.0.0.1 " + port);
  EXPECT_EQ(reusing.status(), kExitFailed);
}

TEST(Port, is_shared_by_those_that_both_ask_for_it) {
  Running first("-s -P -v 127.0.0.1 0");
  const auto port = to_string(first.port());
  Running second("-s -P -v 127.0.0.1 " + port);
  EXPECT_EQ(second.address(), "127.0.0.1:" + port);
  Running third("-s 127.0.0.1 " + port);
  EXPECT_EQ(third.status(), kExitFailed);
}

TEST(Scan, finds_out_who_listens) {
  const auto listener = listen_raw();
  auto closed = listen_raw();
  const auto closed_port = to_string(closed.port);
  closed.socket.close();
  Running open("-zv 127.0.0.1 " + to_string(listener.port));
  EXPECT_EQ(open.status(), kExitOk);
  EXPECT_NE(open.whole_errors().find(": open"), std::string::npos);
  Running refused("-z 127.0.0.1 " + closed_port);
  EXPECT_EQ(refused.status(), kExitFailed);
  EXPECT_EQ(refused.whole_errors(), "");
}

TEST(Scan, of_a_range_is_well_where_any_port_is_open) {
  const auto listener = listen_raw();
  const int port = listener.port;
  Running range("-zv 127.0.0.1 " + to_string(port - 1) + "-" + to_string(port));
  EXPECT_EQ(range.status(), kExitOk);
  EXPECT_NE(range.whole_errors().find("port " + to_string(port - 1) + ": "), std::string::npos);
  EXPECT_NE(range.whole_errors().find("port " + to_string(port) + ": open"), std::string::npos);
}

}  // namespace
}  // namespace lastbyte::sock::test
