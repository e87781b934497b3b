#include "doctor/print.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "doctor/options.h"

namespace lastbyte::doctor {
namespace {

Facts sick() {
  Facts facts;
  facts.sysctls.set("net.ipv4.tcp_timestamps", "0");
  facts.total.add_pairs("Tcp: OutRsts\nTcp: 12\n");
  facts.window.add_pairs("Tcp: OutRsts\nTcp: 3\n");
  facts.watched = std::chrono::milliseconds(1500);
  facts.abilities = {{"tp_btf", true, ""}, {"raw_tp", false, "Operation not permitted (EPERM)"}};
  facts.unread = {"the owners of sockets: EPERM"};
  Process process;
  process.name = {7, "server"};
  kernel::ProcessSocket socket;
  socket.descriptor = 4;
  socket.state = number_of(State::established);
  socket.local = *net::Address::parse("127.0.0.1", 80);
  socket.remote = *net::Address::parse("127.0.0.1", 50000);
  socket.linger = std::chrono::seconds(0);
  socket.queued = kernel::QueuedBytes{9, 0, 0};
  HeldSocket held{.held = socket, .congestion_control = "cubic"};
  held.figures.emplace().round_trip_us = 1'500;
  held.figures->congestion_window = 10;
  held.figures->not_sent = 77;
  held.figures->since_data_sent_ms = 2'500;
  HeldSocket unknown{.held = socket, .has_options = false};
  unknown.held.descriptor = 5;
  process.sockets = {held, unknown};
  process.taken = {2, std::chrono::microseconds(31)};
  facts.process = process;
  return facts;
}

TEST(DoctorText, tells_evidence_consequence_command_and_documentation) {
  const Facts facts = sick();
  const std::string page = as_text(facts, examine(facts));
  EXPECT_NE(page.find("warning: TCP timestamps are off. [timestamps-off]\n  seen:   net.ipv4.tcp_timestamps is 0.\n"),
            std::string::npos)
      << page;
  EXPECT_NE(page.find("  mend:   sysctl -w net.ipv4.tcp_timestamps=1\n"), std::string::npos);
  EXPECT_NE(page.find("2 findings.\n"), std::string::npos);
  EXPECT_NE(page.find("12       +3  Tcp:OutRsts"), std::string::npos) << page;
  EXPECT_NE(page.find("in the last 1.5 s"), std::string::npos);
  EXPECT_NE(page.find("  raw_tp           no: Operation not permitted (EPERM)\n"), std::string::npos);
  EXPECT_NE(
      page.find("      4 ESTABLISHED 127.0.0.1:80 - 127.0.0.1:50000 unread 9\n        linger 0 s, rcvbuf 0, sndbuf 0\n"
                "        rtt 1.5 ms +- 0 ms,"),
      std::string::npos)
      << page;
  EXPECT_NE(page.find("cubic, cwnd 10 x 0,"), std::string::npos) << page;
  EXPECT_NE(page.find("bytes not sent 77\n        data sent 2.5 s ago,"), std::string::npos) << page;
  EXPECT_NE(page.find("      5 ESTABLISHED 127.0.0.1:80 - 127.0.0.1:50000 unread 9\n        options unknown\n"),
            std::string::npos)
      << page;
  EXPECT_NE(page.find("--intrusive took 2 descriptors, one at a time, each for 31 us at most."), std::string::npos);
  EXPECT_NE(page.find("Not examined: the owners of sockets: EPERM"), std::string::npos);
  EXPECT_NE(as_text({}, {}).find("No findings."), std::string::npos);
}

TEST(DoctorText, tells_of_fifty_sockets_and_how_many_more_there_are) {
  Facts facts = sick();
  facts.process->sockets.resize(50, facts.process->sockets.front());
  EXPECT_EQ(as_text(facts, {}).find("more socket"), std::string::npos);
  facts.process->sockets.resize(1'062, facts.process->sockets.front());
  const std::string page = as_text(facts, {});
  EXPECT_NE(page.find("\n  1012 more sockets; --json tells of all\n"), std::string::npos)
      << page.substr(page.find("TCP sockets of"));
  EXPECT_EQ(nlohmann::json::parse(as_json(facts, {}))["process"]["sockets"].size(), 1'062U);
}

TEST(DoctorText, tells_that_the_process_has_ended_meanwhile) {
  Facts facts = sick();
  EXPECT_EQ(as_text(facts, {}).find("ended meanwhile"), std::string::npos);
  facts.process->ended = true;
  EXPECT_NE(as_text(facts, {}).find("TCP sockets of server (7), which has ended meanwhile\n"), std::string::npos);
  EXPECT_EQ(nlohmann::json::parse(as_json(facts, {}))["process"]["ended"], true);
}

/// A command is never broken, so that users can copy it.
void expect_narrow(const std::string& page) {
  std::istringstream lines(page);
  for (std::string line; std::getline(lines, line);)
    EXPECT_TRUE(line.size() <= kPageWidth || line.find("sysctl -w") != std::string::npos) << line;
}

TEST(DoctorText, fits_into_80_columns) {
  Facts facts = sick();
  facts.abilities.push_back({"iter/task", false, std::string(40, 'x') + " " + std::string(60, 'y')});
  facts.unread.push_back(std::string(70, 'x') + " " + std::string(60, 'y'));
  facts.sysctls.set("net.ipv4.tcp_challenge_ack_limit", "1");
  facts.total.add_pairs("TcpExt: TCPAbortOnClose ListenOverflows TCPAbortOnData\nTcpExt: 1 1 1\n");
  expect_narrow(as_text(facts, examine(facts)));
  for (const Rule& rule : all_rules()) expect_narrow(explanation(rule));
}

TEST(DoctorJson, has_findings_counters_abilities_and_sockets) {
  const Facts facts = sick();
  const auto object = nlohmann::json::parse(as_json(facts, examine(facts)));
  EXPECT_EQ(object["findings"][0]["id"], "timestamps-off");
  EXPECT_EQ(object["findings"][0]["severity"], "warning");
  EXPECT_EQ(object["counters"]["Tcp:OutRsts"]["total"], 12);
  EXPECT_EQ(object["counters"]["Tcp:OutRsts"]["window"], 3);
  EXPECT_EQ(object["abilities"]["tp_btf"], true);
  EXPECT_EQ(object["process"]["sockets"][0]["linger_seconds"], 0);
  EXPECT_EQ(object["process"]["sockets"][0]["tcp_info"]["rtt_us"], 1500);
  EXPECT_EQ(object["process"]["sockets"][0]["tcp_info"]["notsent_bytes"], 77);
  EXPECT_EQ(object["process"]["sockets"][0]["congestion_control"], "cubic");
  EXPECT_FALSE(object["process"]["sockets"][1].contains("tcp_info"));
  EXPECT_FALSE(object["process"]["sockets"][1].contains("keepalive")) << "its options are unknown";
  EXPECT_EQ(object["process"]["taken"]["descriptors"], 2);
  EXPECT_EQ(object["not_looked_at"].size(), 1U);
}

TEST(DoctorExplanation, of_each_rule_is_whole) {
  for (const Rule& rule : all_rules()) {
    const std::string text = explanation(rule);
    EXPECT_TRUE(text.starts_with(std::string(rule.id) + ": ")) << text;
    for (const char* label : {"  when:   ", "  means:  ", "  mend:   ", "  more:   "})
      EXPECT_NE(text.find(label), std::string::npos) << text;
    EXPECT_NE(text.find(rule.condition.substr(0, 20)), std::string::npos) << text;
  }
}

std::string error_of(const std::vector<std::pair<std::string, std::string>>& given) {
  const auto options = parse(given);
  return options ? "" : options.error().text();
}

TEST(DoctorOptions, that_are_wrong_say_what_was_expected) {
  EXPECT_EQ(error_of({{"pid", "x"}}), "--pid: 'x': expected 1 to 2147483647");
  EXPECT_EQ(error_of({{"window", "-1"}}), "--window: '-1': expected seconds from 0 to 3600");
  EXPECT_EQ(error_of({{"explain", "no-such"}}),
            "--explain: 'no-such': expected the id of a rule; `lastbyte doctor --explain all` lists them");
  EXPECT_EQ(error_of({{"intrusive", ""}}), "--intrusive: it is for --pid");
  EXPECT_EQ(error_of({{"explain", "all"}}), "");
  EXPECT_EQ(error_of({{"stuck-after", "1.5"}}), "--stuck-after: '1.5': expected seconds from 0 to 2147483647");
  EXPECT_EQ(error_of({{"half-closed-after", ""}}), "--half-closed-after: '': expected seconds from 0 to 2147483647");
}

}  // namespace
}  // namespace lastbyte::doctor
