// The tables of scenarios, and the page that is generated from them.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "base/file.h"
#include "check/report/diagram.h"
#include "check/report/report.h"
#include "peers/script.h"

namespace lastbyte::check {
namespace {

std::vector<const Scenario*> all() {
  std::vector<const Scenario*> pointers;
  for (const Scenario& each : scenarios()) pointers.push_back(&each);
  return pointers;
}

TEST(Scenarios, every_script_can_be_read) {
  for (const Scenario& each : scenarios()) {
    for (const std::string_view text : {each.client, each.server, each.crowd.client}) {
      const auto script = peers::parse_script(text);
      EXPECT_TRUE(script) << each.name << ": " << (script ? "" : script.error().text());
    }
  }
}

TEST(Scenarios, have_names_of_their_own_and_say_what_a_user_notices) {
  std::set<std::string_view> names;
  for (const Scenario& each : scenarios()) {
    EXPECT_TRUE(names.insert(each.name).second) << each.name;
    EXPECT_EQ(each.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-"), std::string_view::npos);
    EXPECT_FALSE(each.title.empty() || each.notice.empty()) << each.name;
    EXPECT_EQ(find_scenario(each.name), &each);
  }
  EXPECT_EQ(find_scenario("nothing"), nullptr);
}

TEST(Scenarios, cite_clauses_of_the_contract) {
  const std::string contract = *read_file(LASTBYTE_SOURCE_DIR "/docs/contract.md");
  for (const Scenario& each : scenarios())
    EXPECT_NE(contract.find("### " + std::string(each.clause) + " "), std::string::npos) << each.name;
}

TEST(Scenarios, are_graded_each_and_for_something) {
  for (const Scenario& each : scenarios()) {
    EXPECT_GT(each.rounds, 0U) << each.name;
    EXPECT_GT(each.sessions, 0U) << each.name;
    EXPECT_GT(each.limit.count(), 0) << each.name;
    // A side that must see a failure need not receive everything.
    EXPECT_FALSE(each.client_wants.ending == Ending::failure && each.client_wants.whole) << each.name;
  }
}

TEST(Scenarios, take_rounds_where_luck_can_decide) {
  constexpr std::uint32_t kManySessions = 200;
  for (const Scenario& each : scenarios()) {
    const bool time_decides = each.slow;
    const bool a_buffer_decides = each.client_wants.bounded || each.server_wants.bounded;
    const bool many = each.sessions >= kManySessions;
    if (!time_decides && !a_buffer_decides && !many) {
      EXPECT_GE(each.rounds, 3U) << each.name;
    }
    EXPECT_TRUE(each.slow_rounds == 0 || each.slow_rounds > each.rounds) << each.name;
  }
}

TEST(Page, says_of_each_scenario_how_many_rounds_it_takes) {
  const std::string page = list_markdown(all());
  for (const Scenario& each : scenarios()) {
    const std::size_t begin = page.find("\n### " + std::string(each.name) + "\n");
    const std::string section = page.substr(begin, page.find("\n### ", begin + 1) - begin);
    const std::string rounds = std::to_string(each.rounds) + (each.rounds == 1 ? " round" : " rounds");
    EXPECT_NE(section.find(rounds), std::string::npos) << each.name;
  }
}

TEST(Diagram, follows_the_scripts) {
  const Scenario scenario{.name = "x",
                          .clause = "T1",
                          .title = "",
                          .client = "send 1K; shutdown; expect fin",
                          .server = "expect fin; sleep 1s; send 10K; close",
                          .notice = ""};
  EXPECT_EQ(sequence_diagram(scenario),
            "sequenceDiagram\n    participant C as client\n    participant P as proxy\n    participant S as server\n"
            "    C->>S: 1K\n    C-)S: FIN\n    Note over S: must see the FIN\n    Note over S: waits 1s\n"
            "    S->>C: 10K\n    S-)C: FIN\n    Note over C: must see the FIN\n");
}

std::string drawn(std::string_view client, std::string_view server, Upstream upstream = Upstream::listening) {
  const Scenario scenario{.name = "x", .client = client, .server = server, .upstream = upstream};
  const std::string text = sequence_diagram(scenario);
  return text.substr(text.find("as server\n") + 10);
}

TEST(Diagram, draws_each_way_to_end_a_connection) {
  EXPECT_EQ(drawn("send 1; reset", "recv 1; expect reset"),
            "    C->>S: 1\n    C-xS: RST\n    Note over S: must see the reset\n");
  EXPECT_EQ(drawn("send 2K; read", "recv 1K; send 1; flush; close-unread"),
            "    C->>S: 2K\n    S->>C: 1\n    Note over S: everything is acknowledged\n    S-xC: RST, closed with "
            "unread input\n"
            "    Note over C: reads to the end\n    C-)S: FIN\n");
  EXPECT_EQ(drawn("vanish", "expect error"),
            "    Note over C: its host vanishes\n    C-)S: FIN\n    Note over S: must learn of the failure\n");
}

TEST(Diagram, repeats_and_floods_are_one_line) {
  EXPECT_EQ(drawn("repeat 100 (send 1; sleep 1ms)", "flood | recv 100; close"),
            "    C->>S: 100 times 1\n    C-)S: FIN\n    S->>C: more and more data\n    S-)C: FIN\n");
  EXPECT_EQ(drawn("repeat 2 (send 1)", "read"),
            "    C->>S: 1\n    C->>S: 1\n    C-)S: FIN\n    Note over S: reads to the end\n    S-)C: FIN\n");
}

TEST(Diagram, who_is_awaited_goes_first) {
  EXPECT_EQ(
      drawn("await go; send 1; close", "expect quiet 5ms; signal go; expect fin"),
      "    Note over S: receives nothing for 5ms\n    C->>S: 1\n    C-)S: FIN\n    Note over S: must see the FIN\n"
      "    S-)C: FIN\n");
}

TEST(Diagram, a_server_that_is_not_there_is_drawn_as_such) {
  EXPECT_EQ(drawn("send 1; read", "", Upstream::absent),
            "    Note over S: nobody listens\n    C->>P: 1\n    Note over C: reads to the end\n    C-)P: FIN\n");
  EXPECT_NE(drawn("read", "", Upstream::silent).find("never answers a SYN"), std::string::npos);
  EXPECT_NE(drawn("read", "close", Upstream::slow_to_hear).find("cannot be reached yet"), std::string::npos);
}

TEST(Diagram, is_drawn_to_the_end_of_both_scripts) {
  for (const Scenario& each : scenarios()) {
    const std::string drawn = sequence_diagram(each);
    const bool client_ends = drawn.find("C-)S: FIN") != std::string::npos || drawn.find("C-xS") != std::string::npos ||
                             drawn.find("C: must") != std::string::npos ||
                             drawn.find("C: its host") != std::string::npos;
    EXPECT_TRUE(client_ends) << each.name << "\n" << drawn;
  }
}

TEST(Page, is_up_to_date) {
  EXPECT_EQ(*read_file(LASTBYTE_SOURCE_DIR "/docs/check.md"), list_markdown(all()))
      << "write it anew: lastbyte check --list --markdown docs/check.md";
}

TEST(Page, explains_every_scenario) {
  const std::string page = list_markdown(all());
  for (const Scenario& each : scenarios())
    EXPECT_NE(page.find("\n### " + std::string(each.name) + "\n"), std::string::npos) << each.name;
}

}  // namespace
}  // namespace lastbyte::check
