// Grading: scenarios played against a target, several at once where they do not disturb each other, and what came of
// it.
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

/// How plain TCP did without a proxy.
struct Reference {
  bool measured = false;
  bool held = false;
  std::string reason = {};                              ///< why not; or why it was not measured
  std::shared_ptr<const RoundResult> result = nullptr;  ///< what came of it
};

struct Outcome {
  const Scenario* scenario = nullptr;
  const Variant* variant = &tcp_variant();
  Verdict verdict = Verdict::skip;
  bool unspoken = false;                     ///< skipped, as all of the variant are: the target does not speak it
  std::string reason = {};                   ///< why it failed or was skipped
  std::vector<std::string> complaints = {};  ///< of the first round that failed, all of them
  int stop_signal = 0;                       ///< as in Report
  std::uint32_t rounds = 0;                  ///< played
  std::uint32_t passed = 0;                  ///< of these
  Reference reference = {};
  RoundResult result = {};  ///< of the first round that failed, else of the last one
  double seconds = 0;
};

struct Report {
  std::string target = {};
  std::string version = {};
  Form form = {};         ///< of TCP, with its placeholders; empty where the checker does not start it
  int stop_signal = 0;    ///< 0: it is not the checker's to stop
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
  std::vector<const Variant*> variants = {&tcp_variant()};  ///< each is played where has_meaning()
  std::uint32_t rounds = 0;                                 ///< at most, of each scenario; 0: as many as it takes
  std::uint32_t repeat = 1;                                 ///< times the rounds of each scenario
  bool slow = false;
  bool lossy = false;
  unsigned at_once = 6;  ///< where the target can be started several times
};

/// Measures each scenario at most once without a proxy, for each transport. Any thread.
class References {
 public:
  /// Of a variant with two transports: what does not hold over one of them does not hold.
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

/// Told of each outcome, in the order of the choice.
using Told = std::function<void(const Outcome&)>;

Report grade(const Target& target, const Choice& choice, References& references, const Told& told);

}  // namespace lastbyte::check
