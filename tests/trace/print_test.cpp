#include "trace/print.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace lastbyte::trace {
namespace {

using namespace std::chrono_literals;
using kernel::EventKind;

Named sent() {
  Named named;
  named.wall = std::chrono::system_clock::time_point(std::chrono::seconds(1'000'000'000) + 123456us);
  named.network = "host";
  named.unit = "nginx.service";
  kernel::TcpEvent& event = named.event;
  event.local = *net::Address::parse("127.0.0.1", 80);
  event.remote = *net::Address::parse("127.0.0.1", 50112);
  event.network = 7;
  event.reason = "TCP_ABORT_ON_CLOSE";
  event.state = 1;
  event.age = 1250ms;
  event.queued = kernel::QueuedBytes{5, 70, 20};
  event.owner = {100, "nginx"};
  event.caller = {100, "nginx"};
  return named;
}

TEST(TraceText, of_a_reset_sent_is_one_line_with_reason_and_meaning) {
  EXPECT_EQ(as_text(sent()),
            "01:46:40.123456 127.0.0.1:80 -> 127.0.0.1:50112 | reset sent, TCP_ABORT_ON_CLOSE | state ESTABLISHED, age "
            "1.25 s, unread 5, unacknowledged 70 (unsent 20) | pid 100 (nginx) of nginx.service, netns host | The "
            "program closed a socket that had unread input.");
}

TEST(TraceText, of_a_reset_received_marks_the_judgement_as_ours) {
  Named named = sent();
  named.event.kind = EventKind::reset_received;
  named.event.reason.clear();
  named.event.age_at_least = true;
  named.event.caller = {};
  named.event.owner_listens = true;
  EXPECT_EQ(as_text(named),
            "01:46:40.123456 127.0.0.1:80 <- 127.0.0.1:50112 | reset received | state ESTABLISHED, age at least 1.25 "
            "s, unread 5, unacknowledged 70 (unsent 20) | pid 100 (nginx) of nginx.service, which listens, netns host "
            "| our judgement: The peer closed without reading everything that this side sent, or its connection no "
            "longer exists. 70 bytes of this side may not have arrived.");
}

TEST(TraceText, of_a_session_ends_with_its_number_its_side_and_the_cause) {
  Named named = sent();
  named.event.reason = "TCP_STATE";
  EndedSide side;
  side.session = 12;
  side.forwarding = "web";
  side.side = "client";
  side.other = "upstream";
  side.end = "passed_on";
  side.other_end = "reset";
  side.delivered = 16'384;
  named.session = &side;
  const std::string cause = "lastbyte sent it: the upstream had reset first, 16,384 bytes were delivered before";
  EXPECT_TRUE(as_text(named).ends_with(" | session #12 of web, client: " + cause)) << as_text(named);
  named.again = true;
  EXPECT_TRUE(as_text(named).ends_with(" | session #12 of web (reported again), client: " + cause)) << as_text(named);
  const auto json = nlohmann::json::parse(as_json(named));
  EXPECT_EQ(json["session"]["id"], 12);
  EXPECT_EQ(json["session"]["side"], "client");
  EXPECT_EQ(json["session"]["sent_by"], "lastbyte");
  EXPECT_EQ(json["session"]["cause"], cause);
  EXPECT_EQ(json["again"], true);
  EXPECT_FALSE(nlohmann::json::parse(as_json(sent())).contains("session"));
}

TEST(TraceText, of_another_caller_names_both) {
  Named named = sent();
  named.event.caller = {300, "ss"};
  EXPECT_NE(as_text(named).find("pid 100 (nginx) of nginx.service, in a call of 300 (ss), netns"), std::string::npos);
}

TEST(TraceText, says_what_is_unknown) {
  Named named;
  named.network = "-";
  named.event.local = *net::Address::parse("127.0.0.1", 9);
  named.event.remote = *net::Address::parse("127.0.0.1", 50112);
  named.event.reason = "NO_SOCKET";
  EXPECT_NE(as_text(named).find("| state - | pid -, netns -"), std::string::npos) << as_text(named);
}

TEST(TraceJson, has_all_of_it_by_name) {
  const auto object = nlohmann::json::parse(as_json(sent()));
  EXPECT_EQ(object["time"], "2001-09-09T01:46:40.123456Z");
  EXPECT_EQ(object["event"], "reset_sent");
  EXPECT_EQ(object["reason"], "TCP_ABORT_ON_CLOSE");
  EXPECT_EQ(object["state"], "ESTABLISHED");
  EXPECT_EQ(object["age_seconds"], 1.25);
  EXPECT_EQ(object["unread"], 5);
  EXPECT_EQ(object["unacknowledged"], 70);
  EXPECT_EQ(object["unsent"], 20);
  EXPECT_EQ(object["pid"], 100);
  EXPECT_EQ(object["unit"], "nginx.service");
  EXPECT_EQ(object["netns"], "host");
  EXPECT_FALSE(object.contains("judgement"));
}

TEST(TraceJson, of_a_reset_received_has_our_judgement_and_no_reason) {
  Named named = sent();
  named.event.kind = EventKind::reset_received;
  named.event.reason.clear();
  const auto object = nlohmann::json::parse(as_json(named));
  EXPECT_TRUE(object.contains("judgement"));
  EXPECT_FALSE(object.contains("reason"));
}

TEST(TraceJson, survives_any_name_of_a_process) {
  Named named = sent();
  named.event.owner.comm = "a\"\xff\n";
  EXPECT_EQ(nlohmann::json::parse(as_json(named))["process"], "a\"\\xff\\x0a");
}

TEST(TraceCounters, tell_what_concerns_the_end_of_connections_and_nothing_else) {
  kernel::Counters added;
  added.add_pairs("Tcp: OutRsts InSegs\nTcp: 3 99\nTcpExt: TCPAbortOnClose\nTcpExt: 2\n");
  EXPECT_EQ(counted_as_text(added), "Tcp:OutRsts +3, TcpExt:TCPAbortOnClose +2");
  EXPECT_EQ(nlohmann::json::parse(counted_as_json(added))["added"]["Tcp:OutRsts"], 3);
  EXPECT_EQ(counted_as_text({}), "");
  EXPECT_EQ(counted_as_json({}), "");
}

TEST(TraceTime, is_short) {
  EXPECT_EQ(short_time(500ns), "0 us");
  EXPECT_EQ(short_time(300us), "300 us");
  EXPECT_EQ(short_time(20ms), "20 ms");
  EXPECT_EQ(short_time(90s), "90.00 s");
  EXPECT_EQ(short_time(30min), "30.0 min");
  EXPECT_EQ(short_time(48h), "48.0 h");
}

}  // namespace
}  // namespace lastbyte::trace
