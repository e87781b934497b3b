// Tests reports on an outcome, and docs/lab.md.
#include "lab/report/report.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "base/file.h"
#include "lab/experiments/experiments.h"
#include "lab/report/facts.h"

namespace lastbyte::lab {
namespace {

constexpr Expectation kExampleTable[] = {{"what close() does", "RST", {}, {}}, {"the <client>", "ECONNRESET", {}, {}}};
const Experiment kExample{.name = "example",
                          .title = "An example",
                          .question = "What comes?",
                          .table = kExampleTable,
                          .finding = "It resets.",
                          .advice = "Linger.",
                          .play = nullptr};

Outcome example() {
  const wire::Moment began{std::chrono::seconds(1'700'000'000)};
  Outcome outcome{.experiment = &kExample,
                  .rows = compare(kExampleTable, Medium::loopback, {{"what close() does", {"FIN"}}})};
  outcome.scenes = {{.name = "a scene",
                     .events = {{.at = began, .who = Who::client, .text = "send(5) = 5"},
                                {.at = began + std::chrono::milliseconds(1),
                                 .who = Who::client,
                                 .kind = EventKind::segment,
                                 .text = "5 bytes"},
                                {.at = began + std::chrono::milliseconds(2),
                                 .who = Who::server,
                                 .kind = EventKind::segment,
                                 .text = "RST",
                                 .reset = true}}}};
  return outcome;
}

TEST(LabReport, text_names_what_differs_and_what_was_not_observed) {
  const std::string report = text(example(), false);
  EXPECT_NE(report.find("DIFFERS: FIN; expected RST"), std::string::npos) << report;
  EXPECT_NE(report.find("not observed"), std::string::npos);
  EXPECT_NE(report.find("Advice: Linger."), std::string::npos);
  EXPECT_NE(report.find("0 of 2 as expected, 1 DIFFER, 1 not observed"), std::string::npos) << report;
}

TEST(LabReport, an_experiment_that_a_medium_has_not_is_told_as_not_played) {
  const std::vector<Outcome> outcomes{example(),
                                      {.experiment = &kExample, .medium = Medium::veth, .not_played = "no <veth>"}};
  EXPECT_NE(text(outcomes[1], false).find("  not played: no <veth>"), std::string::npos);
  EXPECT_NE(summary(outcomes).find("example over veth: not played: no <veth>"), std::string::npos);
  // It is nothing that should have been observed.
  EXPECT_EQ(summary(outcomes).find(summary(std::vector{example()}).substr(0, 40)), 0U) << summary(outcomes);
  const auto parsed = nlohmann::json::parse(json(outcomes, "6.18"))["outcomes"][1];
  EXPECT_EQ(parsed["not_played"], "no <veth>");
  EXPECT_EQ(parsed["agrees"], false);
  EXPECT_NE(html(outcomes, "6.18").find("Not played: no &lt;veth&gt;"), std::string::npos);
}

TEST(LabReport, json_has_every_row_and_event) {
  const std::vector<Outcome> outcomes{example()};
  const auto parsed = nlohmann::json::parse(json(outcomes, "6.18"));
  const auto& one = parsed["outcomes"][0];
  EXPECT_EQ(one["rows"][0]["verdict"], "differs");
  EXPECT_EQ(one["rows"][1]["verdict"], "not_observed");
  EXPECT_EQ(one["scenes"][0]["events"].size(), 3U);
  EXPECT_EQ(one["agrees"], false);
}

TEST(LabReport, html_is_one_page_with_the_pictures_in_it) {
  const std::vector<Outcome> outcomes{example()};
  const std::string page = html(outcomes, "6.18");
  EXPECT_NE(page.find("<svg"), std::string::npos);
  EXPECT_NE(page.find("the &lt;client&gt;"), std::string::npos);
  EXPECT_EQ(page.find("src="), std::string::npos);
}

TEST(LabReport, a_scene_becomes_notes_and_arrows_with_times_since_its_beginning) {
  const page::Sequence sequence = sequence_of(example().scenes.front());
  EXPECT_EQ(page::mermaid(sequence),
            "sequenceDiagram\n    participant C as client\n    participant S as server\n"
            "    Note over C: send(5) = 5\n    C->>S: 5 bytes\n    S-xC: RST\n");
  EXPECT_EQ(std::get<page::Arrow>(sequence.events[1]).time, "1.000 ms");
}

/// Removes the diagrams: their details (ports, sizes of segments) differ between runs.
std::string words_of(const std::string& page) {
  std::string out;
  std::size_t at = 0;
  while (true) {
    const std::size_t begin = page.find("```mermaid\n", at);
    out += page.substr(at, begin - at);
    if (begin == std::string::npos) return out;
    at = page.find("```\n", begin + 3) + 4;
  }
}

TEST(LabPage, is_up_to_date) {
  const auto page = read_file(LASTBYTE_SOURCE_DIR "/docs/lab.md");
  ASSERT_TRUE(page) << page.error().text();
  std::vector<Outcome> none;
  std::string wanted = markdown(experiments(), none);
  // Removes the diagram's heading, too.
  std::string have = words_of(*page);
  for (const Experiment* each : experiments()) {
    const std::size_t section = have.find("\n## " + std::string(each->name) + "\n");
    ASSERT_NE(section, std::string::npos) << each->name;
    const std::size_t next = std::min(have.find("\n## ", section + 4), have.size());
    const std::string text = have.substr(section, next - section);
    const std::size_t of_wanted = wanted.find("\n## " + std::string(each->name) + "\n");
    const std::size_t end = std::min(wanted.find("\n## ", of_wanted + 4), wanted.size());
    EXPECT_TRUE(text.starts_with(wanted.substr(of_wanted, end - of_wanted)))
        << each->name << " is stale: lastbyte lab run --all --markdown docs/lab.md";
  }
  EXPECT_TRUE(have.starts_with(wanted.substr(0, wanted.find("\n## "))));
}

/// Returns the facts of the page, without the tables of other pages.
std::vector<std::string> facts_of(const std::string& page) {
  std::vector<std::string> all;
  std::istringstream lines(page);
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with("| ") && !line.starts_with("| fact |")) all.push_back(line.substr(2, line.find(" | ") - 2));
  return all;
}

TEST(LabFacts, are_those_of_the_page_word_for_word) {
  const auto page = read_file(LASTBYTE_SOURCE_DIR "/docs/kernel-facts.md");
  ASSERT_TRUE(page);
  const auto wanted = facts_of(*page);
  std::vector<std::string> have;
  for (const Fact& each : facts()) have.emplace_back(each.text);
  EXPECT_EQ(have, wanted) << "src/lab/report/facts.cpp is to have the facts of docs/kernel-facts.md";
}

TEST(LabFacts, name_rows_that_there_are) {
  for (const Fact& fact : facts()) {
    bool any = false;
    for (const Shown& each : fact.shown) {
      if (each.experiment.empty()) continue;
      any = true;
      const Experiment* experiment = find_experiment(each.experiment);
      ASSERT_NE(experiment, nullptr) << each.experiment;
      EXPECT_NE(std::ranges::find(experiment->table, each.row, &Expectation::row), experiment->table.end()) << each.row;
    }
    EXPECT_EQ(any, fact.elsewhere.empty()) << fact.text;
  }
}

TEST(LabFacts, one_row_that_differs_or_is_dark_is_enough) {
  const Fact fact{.section = "x",
                  .text = "x",
                  .shown = {Shown{"example", "what close() does"}, Shown{"example", "the <client>"}},
                  .elsewhere = ""};
  std::vector<Outcome> outcomes{example()};
  EXPECT_EQ(verdict_on(fact, outcomes), Verdict::differs);
  outcomes[0].rows = compare(kExampleTable, Medium::loopback, {{"what close() does", {"RST"}}});
  EXPECT_EQ(verdict_on(fact, outcomes), Verdict::not_observed);
  outcomes[0].rows =
      compare(kExampleTable, Medium::loopback, {{"what close() does", {"RST"}}, {"the <client>", {"ECONNRESET"}}});
  EXPECT_EQ(verdict_on(fact, outcomes), Verdict::same);
  EXPECT_EQ(verdict_on(fact, {}), Verdict::not_observed);
}

}  // namespace
}  // namespace lastbyte::lab
