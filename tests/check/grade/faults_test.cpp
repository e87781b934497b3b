// Tests the checker: a right proxy passes everything, and a proxy with a planted fault fails exactly what the fault
// breaks.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include "check/grade/grade.h"
#include "check/report/report.h"

namespace lastbyte::check {
namespace {

using Names = std::set<std::string>;

struct Planted {
  const char* fault;
  Names fails;               ///< scenarios that always fail
  Names may_fail = {};       ///< scenarios that may fail, depending on chance
  std::uint32_t rounds = 3;  ///< maximum for each scenario: most faults show without chance
  bool slow = false;         ///< more than 20 s: only with LASTBYTE_LONG_TESTS, as in ./dev check
};

Names names_of(const char* clause) {
  Names names;
  for (const Scenario& each : scenarios())
    if (each.clause == clause && each.place == Place::here && !each.slow) names.insert(std::string(each.name));
  return names;
}

Names names_of_all() {
  Names names;
  for (const Scenario& each : scenarios()) names.insert(std::string(each.name));
  return names;
}

Names both(Names one, const Names& other) {
  one.insert(other.begin(), other.end());
  return one;
}

Names without(Names names, const char* one) {
  names.erase(one);
  return names;
}

/// Returns the scenarios that fail if a proxy is wrong every third time. Scenarios that expect a failure pass, and so
/// does the one that restarts the proxy for each round.
Names all_with_rounds() {
  Names names;
  for (const Scenario& each : scenarios()) {
    const bool wants_failure = each.client_wants.ending != Ending::as_scripted ||
                               each.client.ends_with("expect reset") || each.server_wants.ending != Ending::as_scripted;
    const bool tried = each.place == Place::here && !each.slow && !each.alone && each.rounds >= 3;
    if (tried && !wants_failure && !each.stops) names.insert(std::string(each.name));
  }
  return names;
}

const std::vector<Planted>& all_planted() {
  static const Names resets = names_of("T4");
  static const Names vague = names_of("T10");
  static const Names refusals = names_of("T5");
  static const Names lingering = names_of("T6");
  static const std::vector<Planted> all = {
      {"none", {}},
      {"fin-for-reset", without(both(resets, vague), "client-reset-at-connect"), {"client-reset-at-connect"}},
      {"early-close",
       both({"half-close-client", "half-close-client-20m", "half-close-server", "half-close-server-20m",
             "slow-upload-after-server-fin", "blocked-direction", "late-listener", "server-reset-after-request-fin",
             "client-reset-after-answer-fin", "chain-half-close"},
            lingering),
       {"fin-behind-slow-reader", "tiny-window", "urgent-byte"}},
      {"cut-at-2m",
       {"fin-behind-slow-reader", "half-close-client-20m", "half-close-server-20m", "full-duplex", "blocked-direction",
        "answer-3m-and-upload-goes-on", "back-pressure-download", "back-pressure-upload", "chain-half-close"},
       {},
       3,
       true},
      {"urgent-lost", {"urgent-byte", "urgent-byte-alone"}},
      {"no-linger", lingering, {"answer-fin-then-reset"}},
      {"descriptor-leak", {"sessions-500", "reset-storm", "ended-sessions-leave-nothing"}, {}, 1, true},
      {"unbounded-buffer", {"back-pressure-download", "back-pressure-upload"}},
      {"error-not-latched",
       {"server-reset-under-upload"},
       both({"client-reset-under-download", "early-reset"}, resets),
       20},
      {"refused-as-end", {"refused"}, {"refused-with-data"}},
      {"lets-go-on-refusal",
       both(both({"server-reset-slow-reader", "answer-to-slow-reader-close-unread"}, lingering), {}),
       both(both(resets, vague), refusals)},
      {"reset-without-flush",
       {"server-reset-slow-reader", "answer-to-slow-reader-close-unread"},
       both(resets, refusals)},
      {"stops-at-once", {"graceful-stop"}},
      {"every-third-is-reset", all_with_rounds(), names_of_all()},
      {"one-at-a-time", {"stalled-neighbours"}, {"graceful-stop", "simultaneous-close"}, 3, true},
  };
  return all;
}

/// Scenarios that load the machine are played only with the right proxy, and with the faults that break them.
Choice choice_for(const Planted& planted, bool broken) {
  Choice choice{.rounds = planted.fails.empty() || broken ? planted.rounds : 1U};
  if (broken) choice.at_once = 16;  // most of them wait in vain for what should have come
  for (const Scenario& each : scenarios()) {
    const bool fails = planted.fails.contains(std::string(each.name));
    if (fails == broken && (!each.alone || planted.fails.empty() || fails)) choice.scenarios.push_back(&each);
  }
  return choice;
}

/// Plays each scenario that the fault breaks until it fails, and the others once: a right proxy plays them more often.
std::vector<Outcome> outcomes_of(const Planted& planted) {
  const Target target{.name = planted.fault,
                      .kind = Kind::started,
                      .command = {FAULTY_PROXY, planted.fault, "{listen_port}", "{upstream_port}"}};
  References references;
  std::vector<Outcome> all = grade(target, choice_for(planted, false), references, nullptr).outcomes;
  if (!planted.fails.empty())
    std::ranges::move(grade(target, choice_for(planted, true), references, nullptr).outcomes, std::back_inserter(all));
  return all;
}

void PrintTo(const Planted& planted, std::ostream* out) { *out << planted.fault; }

class Fault : public ::testing::TestWithParam<Planted> {};

std::string name_of_test(const ::testing::TestParamInfo<Planted>& info) {
  std::string name = info.param.fault;
  std::erase(name, '-');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Check, Fault, ::testing::ValuesIn(all_planted()), name_of_test);

TEST_P(Fault, fails_exactly_what_it_breaks) {
  const Planted& planted = GetParam();
  if (planted.slow && std::getenv("LASTBYTE_LONG_TESTS") == nullptr)
    GTEST_SKIP() << "takes more than 20 s: ./dev check runs it, and LASTBYTE_LONG_TESTS=1 ./dev test";
  const std::vector<Outcome> outcomes = outcomes_of(planted);
  EXPECT_GT(outcomes.size(), 50U);
  for (const Outcome& each : outcomes) {
    const std::string name(each.scenario->name);
    const bool failed = each.verdict == Verdict::fail;
    if (each.verdict == Verdict::skip) {
      EXPECT_FALSE(planted.fails.contains(name)) << name << " was skipped: " << each.reason;
    } else if (planted.fails.contains(name)) {
      EXPECT_TRUE(failed) << name << " should have failed with " << planted.fault;
    } else if (!planted.may_fail.contains(name)) {
      EXPECT_FALSE(failed) << table_row(each, true);
    }
  }
}

}  // namespace
}  // namespace lastbyte::check
