// The faults that the judge finds in a round.
#include <gtest/gtest.h>

#include <cerrno>

#include "check/grade/round_result.h"
#include "peers/header.h"

namespace lastbyte::check {
namespace {

Observed peer(std::uint64_t sent, std::uint64_t received) {
  Observed seen;
  seen.connected = true;
  seen.sent = sent;
  seen.received = received;
  return seen;
}

RoundResult session(const Observed& client, const Observed& server) {
  RoundResult result;
  result.clients = {client};
  result.servers = {server};
  return result;
}

StepSeen step(const char* text, const char* failure = "") { return {.text = text, .failure = failure}; }

std::string first(const std::vector<std::string>& complaints) { return complaints.empty() ? "" : complaints.front(); }

TEST(Judge, what_went_as_scripted_has_passed) {
  EXPECT_EQ(first(judge(Scenario{}, session(peer(10, 20), peer(20, 10)), true)), "");
}

TEST(Judge, bytes_that_are_missing_are_a_complaint) {
  EXPECT_EQ(first(judge(Scenario{}, session(peer(10, 19), peer(20, 10)), true)), "client: received 19 of 20 bytes");
  const Scenario partial{.client_wants = {.whole = false}};
  EXPECT_EQ(first(judge(partial, session(peer(10, 19), peer(20, 10)), true)), "");
}

TEST(Judge, wrong_bytes_are_a_complaint_in_every_scenario) {
  Observed client = peer(10, 20);
  client.first_wrong = 7;
  const Scenario lenient{.client_wants = {.whole = false, .sends_may_fail = true}};
  EXPECT_EQ(first(judge(lenient, session(client, peer(20, 10)), true)), "client: wrong bytes from position 7 on");
}

TEST(Judge, a_step_that_failed_is_a_complaint_unless_it_may_fail) {
  Observed client = peer(10, 20);
  client.steps = {step("send 10", "sent 3 of 10, then EPIPE")};
  EXPECT_EQ(first(judge(Scenario{}, session(client, peer(20, 10)), true)),
            "client: 'send 10': sent 3 of 10, then EPIPE");
  const Scenario may_fail{.client_wants = {.sends_may_fail = true}, .server_wants = {.whole = false}};
  EXPECT_EQ(first(judge(may_fail, session(client, peer(20, 10)), true)), "");
  client.steps = {step("expect fin", "the input ended with ECONNRESET")};
  EXPECT_NE(first(judge(may_fail, session(client, peer(20, 10)), true)), "");
}

TEST(Judge, time_that_ran_out_is_a_complaint) {
  Observed server = peer(20, 10);
  server.timed_out = true;
  EXPECT_EQ(first(judge(Scenario{}, session(peer(10, 20), server), true)), "server: did not finish in time");
}

TEST(Judge, a_clean_end_is_no_failure) {
  const Scenario failure{.client_wants = {.ending = Ending::failure, .whole = false}, .upstream = Upstream::absent};
  Observed client = peer(0, 0);
  client.fin = true;
  EXPECT_EQ(first(judge(failure, session(client, {}), true)),
            "client: received a clean end (FIN) instead of a failure");
  client.fin = false;
  EXPECT_EQ(first(judge(failure, session(client, {}), true)), "client: learned of no failure within the time limit");
  client.error = ECONNRESET;
  EXPECT_EQ(first(judge(failure, session(client, {}), true)), "");
}

TEST(Judge, a_server_may_never_be_connected_to_where_that_is_in_order) {
  RoundResult result;
  result.clients = {peer(0, 0)};
  EXPECT_EQ(first(judge(Scenario{}, result, true)), "server: not connected");
  const Scenario nothing{.server_wants = {.ending = Ending::failure_or_nothing}};
  EXPECT_EQ(first(judge(nothing, result, true)), "");
}

TEST(Judge, back_pressure_is_held_to_its_bound) {
  const Scenario bounded{.server_wants = {.bounded = true}};
  const auto complaint = [&](std::uint64_t bytes) {
    RoundResult result = session(peer(0, bytes), peer(bytes, 0));
    result.kernel_kib = 100;  // the kernel's buffers do not count as the proxy's
    return first(judge(bounded, result, true));
  };
  EXPECT_EQ(complaint((kMemoryMost + 100) * 1024), "");
  EXPECT_NE(complaint((kMemoryMost + 100) * 1024 + 1), "");
}

TEST(Judge, memory_and_sockets_are_the_proxys_only) {
  RoundResult result = session(peer(0, 0), peer(0, 0));
  result.before = Weight{.resident_kib = 1000, .sockets = 10};
  result.after = Weight{.resident_kib = 1000, .sockets = 100};
  result.most_kib = 1000 + kMemoryMost + 1;
  EXPECT_EQ(judge(Scenario{.watch_memory = true, .watch_sockets = true}, result, true).size(), 2U);
  EXPECT_EQ(judge(Scenario{.watch_memory = true, .watch_sockets = true}, result, false).size(), 0U);
  EXPECT_EQ(judge(Scenario{}, result, true).size(), 0U);
}

TEST(Judge, T13_time_wait_falls_where_it_falls_without_a_proxy) {
  RoundResult result = session(peer(0, 0), peer(0, 0));
  result.time_waits = {.client = true, .proxy_to_server = true};
  const Scenario client_first{.first_to_close = FirstToClose::client};
  EXPECT_EQ(first(judge(client_first, result, true)), "");
  EXPECT_NE(first(judge(client_first, result, false)), "");  // without a proxy, there is no second connection
  EXPECT_EQ(first(judge(Scenario{.first_to_close = FirstToClose::server}, result, true)),
            "TIME_WAIT is kept by the client, the proxy towards the server; expected the proxy towards the client, the "
            "server");
}

TEST(Judge, T15_a_stop_ends_listening_and_then_the_proxy) {
  const Scenario stops{.stops = true};
  RoundResult result = session(peer(0, 0), peer(0, 0));
  EXPECT_EQ(judge(stops, result, true).size(), 2U);
  result.stopped_listening = true;
  result.exit_status = 0;
  EXPECT_EQ(judge(stops, result, true).size(), 0U);
}

TEST(Judge, of_many_sessions_the_worst_comes_first) {
  RoundResult result;
  result.clients = {peer(1, 2), peer(1, 2), peer(1, 0)};
  result.servers = {peer(2, 1), peer(2, 1), peer(2, 1)};
  EXPECT_EQ(first(judge(Scenario{}, result, true)), "client 3: received 0 of 2 bytes");
  worst_first(Scenario{}, result);
  EXPECT_EQ(result.clients.front().received, 0U);
}

RoundResult one_session(const Observed& client, const Observed& server) {
  RoundResult result;
  result.clients = {client};
  result.servers = {server};
  return result;
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
            std::vector<std::string>{"server: the PROXY header contains 127.0.0.1:1001; expected 127.0.0.1:1000"});
  EXPECT_TRUE(judge(scenario, one_session(client, server), true).empty());
  // If the client sends its own header, the server must receive the address in that header.
  const Variant& passes_on = *find_variant("proxy-v1");
  EXPECT_FALSE(judge(scenario, one_session(client, server), true, passes_on).empty());
  server.told = peers::told_by_clients();
  EXPECT_TRUE(judge(scenario, one_session(client, server), true, passes_on).empty());
}

TEST(Judge, a_header_that_never_came_is_a_complaint_unless_the_connection_may_fail) {
  Observed client;
  client.connected = true;
  Observed server = client;
  server.header_failure = "the connection ended before the header";
  server.error = ECONNRESET;
  const Variant& sends = *find_variant("send-proxy-v1");
  EXPECT_EQ(judge(Scenario{}, one_session(client, server), true, sends).front(),
            "server: PROXY header: the connection ended before the header");
  const Scenario may_fail{.server_wants = {.ending = Ending::failure_or_nothing}};
  EXPECT_TRUE(judge(may_fail, one_session(client, server), true, sends).empty());
}

}  // namespace
}  // namespace lastbyte::check
