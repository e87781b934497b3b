// Tests resilience without a network: its plan, its statistics, and the messages of clients and servers.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

#include "lab/report/measured.h"
#include "lab/resilience/exchange.h"
#include "lab/resilience/plan.h"
#include "lab/terms/measurement.h"

namespace lastbyte::lab {
namespace {

using namespace resilience;

std::map<Fault, std::size_t> counted(const std::vector<Planned>& planned) {
  std::map<Fault, std::size_t> counts;
  for (const Planned& each : planned) ++counts[each.fault];
  return counts;
}

TEST(Plan, has_each_fault_equally_often_and_the_rate_in_all) {
  const auto counts = counted(plan({.requests = 10'000, .rate = 0.032, .seed = 7}));
  for (const Named& each : kFaults) {
    if (each.fault == Fault::none) continue;
    EXPECT_NEAR(static_cast<double>(counts.at(each.fault)), 40, 1) << each.name;  // a restart takes three requests
  }
  EXPECT_NEAR(static_cast<double>(counts.at(Fault::none)), 9'680, 1);
}

TEST(Plan, is_the_same_for_the_same_seed_and_another_for_another) {
  const auto faults = [](std::uint64_t seed) {
    std::vector<Fault> all;
    for (const Planned& each : plan({.requests = 1000, .rate = 0.1, .seed = seed})) all.push_back(each.fault);
    return all;
  };
  EXPECT_EQ(faults(1), faults(1));
  EXPECT_NE(faults(1), faults(2));
}

TEST(Plan, a_restart_begins_once_and_ends_three_requests_later) {
  const auto planned = plan({.requests = 2000, .rate = 0.4, .seed = 3});
  ASSERT_EQ(planned.size(), 2000U);
  for (std::size_t at = 0; at < planned.size(); ++at) {
    if (planned[at].fault != Fault::restart || !planned[at].begins) continue;
    ASSERT_LE(at + kRestartLength, planned.size());
    for (std::size_t next = 0; next < kRestartLength; ++next) {
      EXPECT_EQ(planned[at + next].fault, Fault::restart);
      EXPECT_EQ(planned[at + next].begins, next == 0);
      EXPECT_EQ(planned[at + next].ends, next + 1 == kRestartLength);
    }
  }
}

/// Known values from R: binom::binom.confint(x, n, methods = "wilson").
TEST(Wilson, agrees_with_known_values) {
  EXPECT_NEAR(wilson(0, 10'000).high, 0.000384, 1e-6);
  EXPECT_EQ(wilson(0, 10'000).low, 0);
  EXPECT_NEAR(wilson(10, 100).low, 0.05523, 1e-5);
  EXPECT_NEAR(wilson(10, 100).high, 0.17437, 1e-5);
  EXPECT_NEAR(wilson(5, 10).low, 0.23659, 1e-5);
  EXPECT_EQ(wilson(10, 10).high, 1);
  EXPECT_EQ(wilson(0, 0).low, 0);
  EXPECT_EQ(wilson(0, 0).high, 1);
}

TEST(Tally, counts_how_the_bad_ones_ended_and_says_it_in_a_word) {
  Tally tally;
  tally.add(true, "fine");
  EXPECT_EQ(tally.word(), "none");
  tally.add(false, "a reset");
  EXPECT_EQ(tally.word(), "some");
  EXPECT_EQ(tally.of, 2U);
  EXPECT_EQ(tally.ways, (std::map<std::string, std::uint64_t>{{"a reset", 1}}));
  Tally all;
  all.add(tally);
  all.add(tally);
  EXPECT_EQ(all.bad, 2U);
  EXPECT_EQ(all.ways["a reset"], 2U);
  Tally bad;
  bad.add(false, "a reset");
  EXPECT_EQ(bad.word(), "each");
}

TEST(Exchange, a_head_is_read_as_it_was_written_and_nothing_else_is_one) {
  const auto head = decode(encode({.number = 123'456'789'012, .fault = Fault::stalled}));
  ASSERT_TRUE(head);
  EXPECT_EQ(head->number, 123'456'789'012U);
  EXPECT_EQ(head->fault, Fault::stalled);
  std::array<char, kHead> other = encode({});
  other[0] = 'x';
  EXPECT_FALSE(decode(other));
  other = encode({});
  other[4] = 100;
  EXPECT_FALSE(decode(other));
}

TEST(Exchange, no_two_answers_share_a_part) {
  EXPECT_EQ(answer_to(1).size(), kAnswer);
  for (std::size_t at = 0; at < kAnswer; at += 8)
    ASSERT_NE(answer_to(1).substr(at, 8), answer_to(2).substr(at, 8)) << at;
}

Measurement measured_example() {
  Measurement measurement{.title = "Requests that end badly",
                          .again = "lastbyte lab run x",
                          .kinds = {{"no fault", "-"}, {"stalled", "nobody <knows>"}}};
  Series one{.name = "directly", .by_kind = std::vector<Tally>(2)};
  for (int i = 0; i < 98; ++i) one.by_kind[0].add(true, "");
  one.by_kind[1].add(false, "nothing in time");
  one.by_kind[1].add(false, "nothing in time");
  measurement.series = {one, {.name = "HAProxy", .by_kind = std::vector<Tally>(2), .trouble = "not installed"}};
  return measurement;
}

TEST(Measured, text_has_shares_intervals_and_the_reason_of_what_remains) {
  const std::string text = measured_text(measured_example());
  EXPECT_NE(text.find("directly  2/100 = 2 %, 95 % interval 0.55 % to 7 %"), std::string::npos) << text;
  EXPECT_NE(text.find("stalled 2/2 (nothing in time): nobody <knows>"), std::string::npos) << text;
  EXPECT_NE(text.find("HAProxy   not observed: not installed"), std::string::npos) << text;
  EXPECT_NE(text.find("lastbyte lab run x"), std::string::npos);
}

TEST(Measured, html_has_a_plot_and_escapes) {
  const std::string html = measured_html(measured_example());
  EXPECT_NE(html.find("<svg"), std::string::npos);
  EXPECT_NE(html.find("nobody &lt;knows&gt;"), std::string::npos);
  EXPECT_NE(html.find("HAProxy: not observed: not installed"), std::string::npos);
}

TEST(Measured, markdown_does_not_show_counts_of_what_was_not_tried) {
  const std::string page = measured_markdown(measured_example());
  EXPECT_NE(page.find("| directly | 2/100 | 2 % |"), std::string::npos) << page;
  EXPECT_EQ(page.find("| HAProxy | 0/0"), std::string::npos) << page;
  EXPECT_NE(page.find("| HAProxy | not observed"), std::string::npos) << page;
}

}  // namespace
}  // namespace lastbyte::lab
