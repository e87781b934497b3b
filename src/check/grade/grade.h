// Grading: plays scenarios against a target and collects the outcomes. Scenarios that do not disturb each other run at
// the same time.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "check/grade/round_result.h"
#include "check/scenarios/scenario.h"
#include "check/scenarios/variant.h"
#include "check/target/target.h"

namespace lastbyte::check {

enum class Verdict : std::uint8_t { pass, fail, skip };
std::string_view name_of(Verdict verdict);

/// The result of plain TCP, without a proxy.
struct Reference {
  bool measured = false;
  bool held = false;
  std::string reason = {};                              ///< why plain TCP failed, or why it was not measured
  std::shared_ptr<const RoundResult> result = nullptr;  ///< null: not measured
};

struct Outcome {
  const Scenario* scenario = nullptr;
  const Variant* variant = &tcp_variant();
  Verdict verdict = Verdict::skip;
  bool unspoken = false;                     ///< skipped with its variant: the target does not speak that
  std::string reason = {};                   ///< why it failed or was skipped
  std::vector<std::string> complaints = {};  ///< all complaints of the first failed round
  int stop_signal = 0;                       ///< as in Report
  std::uint32_t rounds = 0;                  ///< number of rounds played
  std::uint32_t passed = 0;                  ///< number of rounds passed
  Reference reference = {};
  RoundResult result = {};  ///< of the first failed round; if none failed, of the last round
  double seconds = 0;
};

struct Report {
  std::string target = {};
  std::string version = {};
  Form form = {};         ///< the form for TCP, with its placeholders; empty: the checker does not start the target
  int stop_signal = 0;    ///< 0: the checker does not stop the target
  std::string when = {};  ///< UTC, ISO 8601
  std::string kernel = {};
  double seconds = 0;
  std::vector<Outcome> outcomes = {};  ///< variant by variant, each in the order of scenarios()

  [[nodiscard]] std::size_t count(Verdict verdict) const;
  /// The results of plain TCP in the same scenarios, as a separate report.
  [[nodiscard]] Report of_references() const;
};

struct Choice {
  std::vector<const Scenario*> scenarios = {};
  std::vector<const Variant*> variants = {&tcp_variant()};  ///< a scenario is played over a variant if has_meaning()
  std::uint32_t rounds = 0;                                 ///< maximum for each scenario; 0: as the scenario defines
  std::uint32_t repeat = 1;                                 ///< factor for the rounds of each scenario
  bool slow = false;
  bool lossy = false;
  unsigned at_once = 6;  ///< scenarios played at the same time, if the target can be started several times
};

/// Plays each scenario at most once for each transport without a proxy, and keeps the result. Any thread.
class References {
 public:
  /// A variant with two transports holds only if the scenario holds over both.
  Reference of(const Scenario& scenario, const Variant& variant = tcp_variant());

 private:
  Reference over(const Scenario& scenario, net::Transport transport);

  struct Entry {
    std::once_flag once;
    Reference reference;
  };
  std::mutex mutex_;
  std::map<std::pair<const Scenario*, net::Transport>, Entry> all_;
};

/// Called with each outcome, in the order of the choice.
using Told = std::function<void(const Outcome&)>;

Report grade(const Target& target, const Choice& choice, References& references, const Told& told);

}  // namespace lastbyte::check
