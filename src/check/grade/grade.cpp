#include "check/grade/grade.h"

#include <sys/utsname.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <ctime>
#include <optional>
#include <thread>

namespace lastbyte::check {
namespace {

/// A variant plays one round for so many rounds over TCP, and at most this many: a failure that depends on chance has
/// had its opportunity over TCP.
constexpr std::uint32_t kRoundsForOneOfVariants = 4;
constexpr std::uint32_t kMostRoundsOfVariants = 4;
constexpr std::uint64_t kSeed = 1;

double seconds_since(TimePoint began) { return std::chrono::duration<double>(Clock::now() - began).count(); }

std::string now_text() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text.data();
}

std::string kernel_text() {
  utsname names{};
  ::uname(&names);
  return std::string(names.sysname) + " " + names.release;
}

const Target& plain_tcp() {
  static const Target target{.name = "no proxy"};
  return target;
}

int stop_signal_of(const Target& target) { return target.kind == Kind::started ? target.stop_signal : 0; }

std::uint32_t rounds_of(const Scenario& scenario, const Variant& variant, const Choice& choice) {
  std::uint32_t rounds = choice.slow && scenario.slow_rounds != 0 ? scenario.slow_rounds : scenario.rounds;
  if (&variant != &tcp_variant() && !choice.slow)
    rounds = std::clamp(rounds / kRoundsForOneOfVariants, 1U, kMostRoundsOfVariants);
  if (choice.rounds != 0) rounds = std::min(rounds, choice.rounds);
  return rounds * std::max(choice.repeat, 1U);
}

/// Returns why the scenario is not played; empty: it is played.
std::string left_out(const Scenario& scenario, const Variant& variant, const Target& target, const Choice& choice) {
  if (scenario.slow && !choice.slow) return "takes minutes: use --slow";
  if (scenario.place == Place::far_away && !choice.lossy) return "needs lossy links: use --lossy";
  return target.unfit_for(scenario, variant);
}

void play_rounds(const Target& target, const Choice& choice, Outcome& outcome) {
  const Scenario& scenario = *outcome.scenario;
  const Variant& variant = *outcome.variant;
  const std::uint32_t rounds = rounds_of(scenario, variant, choice);
  // A failed round may have used its whole time limit. No further round begins after that time.
  const TimePoint give_up = Clock::now() + scenario.limit;
  auto stage = Stage::make(scenario, variant, target, kSeed);
  for (std::uint32_t round = 0; round < rounds; ++round) {
    auto result = stage ? stage->play() : Result<RoundResult>(Failure(stage.error()));
    ++outcome.rounds;
    if (!result) {
      outcome.verdict = Verdict::fail;
      outcome.reason = result.error().text();
      return;
    }
    auto complaints = judge(scenario, *result, target.kind != Kind::plain_tcp, variant);
    if (complaints.empty()) {
      ++outcome.passed;
      if (outcome.complaints.empty()) outcome.result = std::move(*result);
    } else if (outcome.complaints.empty()) {
      outcome.complaints = std::move(complaints);
      outcome.result = std::move(*result);
      worst_first(scenario, outcome.result);
    }
    if (!outcome.complaints.empty() && Clock::now() > give_up) break;
  }
  outcome.verdict = outcome.complaints.empty() ? Verdict::pass : Verdict::fail;
  if (!outcome.complaints.empty()) outcome.reason = outcome.complaints.front();
}

/// One line of the future report.
struct Entry {
  const Scenario* scenario;
  const Variant* variant;
};

std::vector<Entry> entries_of(const Choice& choice) {
  std::vector<Entry> all;
  for (const Variant* variant : choice.variants)
    for (const Scenario* scenario : choice.scenarios)
      if (has_meaning(*scenario, *variant)) all.push_back({scenario, variant});
  return all;
}

Outcome grade_one(const Entry& entry, const Target& target, const Choice& choice, References& references) {
  const Scenario& scenario = *entry.scenario;
  const TimePoint began = Clock::now();
  Outcome outcome{.scenario = entry.scenario, .variant = entry.variant};
  outcome.stop_signal = stop_signal_of(target);
  outcome.unspoken = !target.speaks_variant(*entry.variant);
  outcome.reason = left_out(scenario, *entry.variant, target, choice);
  if (!outcome.reason.empty()) return outcome;
  outcome.reference = references.of(scenario, *entry.variant);
  const bool cannot_grade = scenario.plain == Plain::holds && !outcome.reference.held;
  if (cannot_grade) {
    outcome.reason = "cannot be graded on this machine, plain TCP fails, too: " + outcome.reference.reason;
  } else if (!outcome.reference.measured && !outcome.reference.reason.empty()) {
    outcome.reason = outcome.reference.reason;
  } else {
    play_rounds(target, choice, outcome);
  }
  outcome.seconds = seconds_since(began);
  return outcome;
}

/// Collects outcomes as threads finish them and reports them in the order of the choice.
class Ledger {
 public:
  Ledger(std::size_t count, const Told& told) : outcomes_(count), told_(told) {}

  void put(std::size_t at, Outcome outcome) {
    const std::lock_guard lock(mutex_);
    outcomes_[at] = std::move(outcome);
    while (next_ < outcomes_.size() && outcomes_[next_]) {
      if (told_) told_(*outcomes_[next_]);
      ++next_;
    }
  }

  std::vector<Outcome> all() {
    std::vector<Outcome> out;
    for (auto& each : outcomes_) out.push_back(std::move(*each));
    return out;
  }

 private:
  std::mutex mutex_;
  std::vector<std::optional<Outcome>> outcomes_;
  std::size_t next_ = 0;
  const Told& told_;
};

}  // namespace

std::string_view name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::pass: return "pass";
    case Verdict::fail: return "fail";
    case Verdict::skip: return "skip";
  }
  return "?";
}

std::size_t Report::count(Verdict verdict) const {
  return static_cast<std::size_t>(std::ranges::count(outcomes, verdict, &Outcome::verdict));
}

Report Report::of_references() const {
  Report out{.target = plain_tcp().name, .when = when, .kernel = kernel};
  for (const Outcome& each : outcomes) {
    const Reference& reference = each.reference;
    Outcome plain{.scenario = each.scenario, .variant = each.variant, .reason = reference.reason};
    if (reference.measured) {
      plain.verdict = reference.held ? Verdict::pass : Verdict::fail;
      plain.rounds = 1;
      plain.passed = reference.held ? 1 : 0;
    }
    out.outcomes.push_back(std::move(plain));
  }
  return out;
}

Reference References::of(const Scenario& scenario, const Variant& variant) {
  const Reference first = over(scenario, variant.way.client);
  if (variant.way.client == variant.way.server || !first.held) return first;
  return over(scenario, variant.way.server);
}

Reference References::over(const Scenario& scenario, net::Transport transport) {
  Entry* entry = nullptr;
  {
    const std::lock_guard lock(mutex_);
    entry = &all_[{&scenario, transport}];
  }
  std::call_once(entry->once, [&] {
    Reference& reference = entry->reference;
    if (scenario.plain == Plain::no_meaning) return;
    const Variant& variant = transport == net::Transport::tcp ? tcp_variant() : *find_variant("unix");
    auto stage = Stage::make(scenario, variant, plain_tcp(), kSeed);
    auto result = stage ? stage->play() : Result<RoundResult>(Failure(stage.error()));
    if (!result) {
      reference.reason = result.error().text();
      return;
    }
    reference.result = std::make_shared<const RoundResult>(std::move(*result));
    const auto complaints = judge(scenario, *reference.result, false);
    reference.measured = true;
    reference.held = complaints.empty();
    if (!complaints.empty()) reference.reason = complaints.front();
  });
  return entry->reference;
}

Report grade(const Target& target, const Choice& choice, References& references, const Told& told) {
  const TimePoint began = Clock::now();
  Report report{.target = target.name,
                .version = target.version,
                .form = {target.command, target.config},
                .stop_signal = stop_signal_of(target),
                .when = now_text(),
                .kernel = kernel_text(),
                .seconds = 0,
                .outcomes = {}};
  const std::vector<Entry> entries = entries_of(choice);
  Ledger ledger(entries.size(), told);
  for (const bool alone : {false, true}) {
    std::atomic<std::size_t> next = 0;
    const auto work = [&] {
      for (std::size_t at = next++; at < entries.size(); at = next++) {
        if (entries[at].scenario->alone == alone) ledger.put(at, grade_one(entries[at], target, choice, references));
      }
    };
    const bool several = !alone && (target.starts_anew() || target.kind == Kind::plain_tcp);
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < (several ? std::max(choice.at_once, 1U) : 1U); ++i) threads.emplace_back(work);
    for (std::thread& each : threads) each.join();
  }
  report.outcomes = ledger.all();
  report.seconds = seconds_since(began);
  return report;
}

}  // namespace lastbyte::check
