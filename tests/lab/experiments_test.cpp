// Runs each experiment on this kernel: every observed row is as expected, and would fail if it were not.
#include "lab/experiments/experiments.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/file.h"
#include "lab/isolate.h"
#include "lab/lab.h"
#include "lab/report/report.h"
#include "process/process.h"
#include "process/scratch.h"
#include "tests/harness/eventually.h"

namespace lastbyte::lab {
namespace {

/// The exit status of a skipped automake test.
constexpr int kSkip = 77;

/// Returns the table with a wrong expectation in each row.
std::vector<Expectation> planted(const Experiment& experiment) {
  std::vector<Expectation> table(experiment.table.begin(), experiment.table.end());
  for (Expectation& each : table) each.expected = each.veth = "planted: no kernel does this";
  return table;
}

/// Changes each row's expectation, which must then differ from what was seen, or from what should have been seen where
/// the row was not observed. Returns the number of rows that do not differ.
int survivors_of_plants(const Outcome& outcome) {
  std::map<std::string, Seen> seen;
  for (const Row& row : outcome.rows)
    seen[row.name] = {.value = row.verdict == Verdict::not_observed ? row.expected : row.seen};
  const auto rows = compare(planted(*outcome.experiment), outcome.medium, seen);
  return static_cast<int>(std::ranges::count_if(rows, [](const Row& row) { return row.verdict != Verdict::differs; }));
}

/// Returns the number of rows that differ, or that agree with anything. Prints the rows that were not observed.
int wrong_rows(const Outcome& outcome) {
  int wrong = survivors_of_plants(outcome);
  for (const Row& row : outcome.rows) {
    if (row.verdict == Verdict::differs) {
      std::fprintf(stderr, "%s: %s; expected %s\n", row.name.c_str(), row.seen.c_str(), row.expected.c_str());
      ++wrong;
    }
    if (row.verdict == Verdict::not_observed)
      std::fprintf(stderr, "%s: not observed: %s\n", row.name.c_str(), row.seen.c_str());
  }
  return wrong;
}

/// Runs in a separate process. Returns 0 if all is as expected, kSkip if the experiment cannot run.
int play_and_compare(const Experiment& experiment, Medium medium) {
  // Small numbers, so that the slow experiments take seconds.
  const Outcome outcome = play(experiment, medium, {.requests = 100, .rate = 0.4, .seed = 1});
  if (!outcome.trouble.empty()) {
    std::fprintf(stderr, "%s\n", outcome.trouble.c_str());
    return kSkip;
  }
  int wrong = wrong_rows(outcome);
  // Those with a program between the hosts: OnThisKernelByTheProgram plays them.
  if (!outcome.observed()) return kSkip;
  if (outcome.rows.empty() || outcome.scenes.empty() || outcome.scenes.front().events.empty()) ++wrong;
  return wrong == 0 ? 0 : 1;
}

class OnThisKernel : public testing::TestWithParam<std::tuple<const Experiment*, Medium>> {};

TEST_P(OnThisKernel, every_row_is_as_expected_and_a_planted_one_differs) {
  const auto [experiment, medium] = GetParam();
  if (medium == Medium::veth && !experiment->no_veth.empty()) GTEST_SKIP() << experiment->no_veth;
  const auto status = run_isolated([&] { return play_and_compare(*experiment, medium); });
  if (!status) GTEST_SKIP() << status.error().text();
  if (*status == kSkip) GTEST_SKIP() << "not to be had on this machine";
  EXPECT_EQ(*status, 0);
}

std::string name_of_case(const testing::TestParamInfo<std::tuple<const Experiment*, Medium>>& info) {
  std::string name = std::string(std::get<0>(info.param)->name) + "_" + std::string(name_of(std::get<1>(info.param)));
  for (char& c : name)
    if (c == '-') c = '_';
  return name;
}

INSTANTIATE_TEST_SUITE_P(Lab, OnThisKernel,
                         testing::Combine(testing::ValuesIn(experiments().begin(), experiments().end()),
                                          testing::Values(Medium::loopback, Medium::veth)),
                         name_of_case);

/// Checks the rows about `lastbyte` itself, which this test program is not: runs the real program and reads its JSON
/// report.
TEST(OnThisKernelByTheProgram, every_row_is_as_expected_and_a_planted_one_differs) {
  const auto directory = process::ScratchDirectory::make();
  ASSERT_TRUE(directory);
  const std::string file = directory->file("report.json");
  auto run = process::Process::start(
      {LASTBYTE_PROGRAM, "lab", "run", "bind-claims", "pipelined-error", "timewait-where", "--json", file}, -1);
  ASSERT_TRUE(run) << run.error().text();
  std::optional<int> status;
  ASSERT_TRUE(test::eventually([&] { return (status = run->ended()).has_value(); }));
  run->kill();
  if (run->output().find("make namespaces") != std::string::npos) GTEST_SKIP() << run->output();
  const auto text = read_file(file);
  ASSERT_TRUE(text) << run->output();
  const auto report = nlohmann::json::parse(*text);
  ASSERT_EQ(report["outcomes"].size(), 6U);
  std::size_t observed = 0;
  for (const auto& each : report["outcomes"]) {
    const Experiment* experiment = find_experiment(each["experiment"].get<std::string>());
    ASSERT_NE(experiment, nullptr);
    const Medium medium = each["medium"] == "veth" ? Medium::veth : Medium::loopback;
    std::map<std::string, Seen> seen;
    for (const auto& row : each["rows"]) {
      const bool dark = row["verdict"] == "not_observed";
      seen[row["row"]] = dark ? Seen{.value = std::nullopt, .reason = row["reason"]} : Seen{.value = row["seen"]};
      observed += dark ? 0 : 1;
    }
    const Outcome outcome{.experiment = experiment, .medium = medium, .rows = compare(experiment->table, medium, seen)};
    EXPECT_EQ(wrong_rows(outcome), 0) << experiment->name;
  }
  EXPECT_GT(observed, 0U);
}

TEST(Experiments, in_the_dark_pass_nowhere_whatever_is_expected) {
  for (const Experiment* each : experiments()) {
    std::map<std::string, Seen> dark;
    for (const Expectation& row : each->table) dark[std::string(row.row)] = {.value = std::nullopt, .reason = "dark"};
    for (const auto& table : {std::vector<Expectation>(each->table.begin(), each->table.end()), planted(*each)}) {
      Outcome outcome{.experiment = each, .rows = compare(table, Medium::loopback, dark)};
      const std::vector all{outcome};
      EXPECT_EQ(outcome.count(Verdict::not_observed), each->table.size()) << each->name;
      EXPECT_FALSE(outcome.agrees()) << each->name;
      EXPECT_EQ(status_of(all), kExitCannot) << each->name;
      EXPECT_TRUE(summary(all).starts_with("0 rows as expected, 0 differ, ")) << summary(all);
      EXPECT_NE(text(outcome, false).find("0 of " + std::to_string(each->table.size()) + " as expected"),
                std::string::npos)
          << each->name;
      const auto report = nlohmann::json::parse(json(all, "6.18"))["outcomes"][0];
      EXPECT_EQ(report["agrees"], false) << each->name;
      for (const auto& row : report["rows"]) {
        EXPECT_EQ(row["verdict"], "not_observed") << row;
        EXPECT_FALSE(row.contains("seen")) << row;
      }
      EXPECT_EQ(html(all, "6.18").find("class=\"same\""), std::string::npos) << each->name;
    }
  }
}

TEST(Experiments, have_names_and_rows_of_their_own_and_say_what_to_do) {
  std::set<std::string_view> names;
  for (const Experiment* each : experiments()) {
    EXPECT_TRUE(names.insert(each->name).second) << each->name;
    EXPECT_EQ(find_experiment(each->name), each);
    EXPECT_FALSE(each->title.empty() || each->question.empty() || each->finding.empty() || each->advice.empty())
        << each->name;
    EXPECT_NE(each->play, nullptr);
    std::set<std::string_view> rows;
    for (const Expectation& row : each->table) {
      EXPECT_TRUE(rows.insert(row.row).second) << each->name << ": " << row.row;
      // Where the media differ, the table says why.
      EXPECT_TRUE(row.veth.empty() || !row.why.empty()) << each->name << ": " << row.row;
    }
  }
  EXPECT_EQ(find_experiment("nothing"), nullptr);
}

}  // namespace
}  // namespace lastbyte::lab
