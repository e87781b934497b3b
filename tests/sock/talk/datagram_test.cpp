#include <gtest/gtest.h>

#include "tests/sock/running.h"

namespace lastbyte::sock::test {
namespace {

TEST(Udp, relays_both_ways) {
  Running server("-u -s -v 127.0.0.1 0");
  Running client("-u -v " + server.operands());
  client.type("question");
  EXPECT_TRUE(server.output().wait_for("question"));
  server.type("answer");
  EXPECT_TRUE(client.output().wait_for("answer"));
  client.stop();
  server.stop();
  EXPECT_EQ(client.status(), kExitOk);
  EXPECT_EQ(server.status(), kExitOk);
}

TEST(Udp, each_read_of_standard_input_is_a_datagram) {
  Running server("-u -s -v -m sink -W 2 127.0.0.1 0");
  Running client("-u -v " + server.operands());
  client.type("one");
  EXPECT_TRUE(server.errors().wait_for("= 3"));
  client.type("four");
  EXPECT_EQ(server.status(), kExitOk);
  EXPECT_NE(server.whole_errors().find("received  7 bytes in 2 datagrams"), std::string::npos) << server.whole_errors();
}

TEST(Udp, a_source_sends_its_count_and_closes) {
  Running server("-u -s -v -m sink -W 3 127.0.0.1 0");
  Running client("-u --report -m source -c 3 --write-size 500 " + server.operands());
  EXPECT_EQ(client.status(), kExitOk);
  EXPECT_EQ(server.status(), kExitOk);
  const auto sent = client.whole_errors();
  EXPECT_NE(sent.find("sent      1500 bytes in 3 datagrams"), std::string::npos) << sent;
  const auto sum = sent.substr(sent.find("xxh64 "), 22);
  EXPECT_NE(server.whole_errors().find("received  1500 bytes in 3 datagrams, " + sum), std::string::npos);
}

TEST(Udp, a_kept_server_answers_everyone_in_turn) {
  Running server("-u -s -k -v -m echo 127.0.0.1 0");
  const auto operands = server.operands();
  for (const std::string text : {"first", "second"}) {
    Running client("-u -W 1 " + operands);
    client.type(text);
    EXPECT_EQ(client.whole_output(), text);
  }
  server.stop();
  EXPECT_EQ(server.status(), kExitOk);
}

TEST(Udp, an_empty_datagram_is_one_too) {
  Running server("-u -s -v -m sink -W 1 127.0.0.1 0");
  Running client("-u -z -w 0.05 " + server.operands());
  EXPECT_EQ(client.status(), kExitOk);
  EXPECT_EQ(server.status(), kExitOk);
  EXPECT_NE(server.whole_errors().find("received  0 bytes in 1 datagram,"), std::string::npos) << server.whole_errors();
}

TEST(Udp, may_go_to_a_broadcast_address_where_it_is_asked_for) {
  Running refused("-u -d -m source -c 1 --write-size 1 127.255.255.255 9");
  EXPECT_EQ(refused.status(), kExitFailed);
  Running allowed("-v -u -d -m source -c 1 --write-size 1 --broadcast 127.255.255.255 9");
  EXPECT_EQ(allowed.status(), kExitOk) << allowed.whole_errors();
}

TEST(Udp, where_nobody_listens_a_refusal_comes_back) {
  const auto spare = [] {
    Running server("-u -s -v 127.0.0.1 0");
    return server.operands();
  }();
  Running client("-u -v " + spare);
  client.type("anyone?");
  EXPECT_EQ(client.status(), kExitFailed);
  EXPECT_NE(client.whole_errors().find("ECONNREFUSED"), std::string::npos);
  Running scan("-u -z " + spare);
  EXPECT_EQ(scan.status(), kExitFailed);
}

TEST(Udp, a_longer_datagram_than_is_read_is_said_to_be_cut) {
  Running server("-u -s -v --read-size 4 -W 1 127.0.0.1 0");
  Running client("-u " + server.operands());
  client.type("123456");
  EXPECT_EQ(server.whole_output(), "1234");
  EXPECT_NE(server.whole_errors().find("its end is lost"), std::string::npos);
}

TEST(Udp, ends_by_timeout_without_a_failure) {
  Running server("-u -s -v -m echo 127.0.0.1 0");
  Running client("-u -w 0.2 " + server.operands());
  client.type("x");
  client.end_input();
  EXPECT_EQ(client.whole_output(), "x");
  EXPECT_EQ(client.status(), kExitOk);
}

}  // namespace
}  // namespace lastbyte::sock::test
