// soak [N]: plays N random sessions and judges each.
#include <sched.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <string_view>

#include "tests/harness/own_network.h"
#include "tests/soak/run.h"

namespace {

using namespace lastbyte;
using soak::RunOptions;

constexpr const char* kUsage =
    "usage: soak [N] [OPTIONS]\n"
    "  N                random sessions (default: 1000)\n"
    "  --seed S         what they are drawn from (default: a random one, which is told)\n"
    "  --session K      this one alone, and all that is known about it\n"
    "  --kind WORD      only sessions over forwardings with WORD in their names\n"
    "  --times T        each session so often (default: 1)\n"
    "  --binary FILE    the lastbyte to run\n"
    "  --at-once C      sessions under way at a time (default: 64)\n"
    "  --failures F     end after so many failed sessions (default: 10)\n"
    "Exit status: 0 all is right, 1 a session or the daemon is not, 2 a wrong option.\n";

struct Asked {
  RunOptions options;
  bool one_alone = false;
};

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<Asked> asked(int count, char** arguments) {
  Asked asked;
  asked.options.binary = LASTBYTE_BINARY;
  asked.options.seed = std::random_device{}();
  for (int i = 1; i < count; ++i) {
    const std::string_view word = arguments[i];
    if (const auto sessions = number(word)) {
      asked.options.sessions = *sessions;
      continue;
    }
    if (i + 1 == count) return std::nullopt;
    const std::string_view value = arguments[++i];
    if (word == "--binary") {
      asked.options.binary = value;
      continue;
    }
    if (word == "--kind") {
      const auto named = [&](const soak::Kind& kind) { return kind.name.find(value) != std::string_view::npos; };
      if (std::ranges::none_of(soak::kinds(), named)) return std::nullopt;
      asked.options.kinds = value;
      continue;
    }
    const auto found = number(value);
    if (!found) return std::nullopt;
    if (word == "--seed") {
      asked.options.seed = *found;
    } else if (word == "--session") {
      asked.options.first = *found;
      asked.options.sessions = 1;
      asked.one_alone = true;
    } else if (word == "--times" && *found > 0) {
      asked.options.times = *found;
    } else if (word == "--at-once" && *found > 0) {
      asked.options.at_once = *found;
    } else if (word == "--failures" && *found > 0) {
      asked.options.most_failures = *found;
    } else {
      return std::nullopt;
    }
  }
  return asked;
}

std::string replay(const RunOptions& options, std::uint64_t session) {
  std::string text =
      "./dev soak --seed " + std::to_string(options.seed) + " --session " + std::to_string(session) + " --times 200";
  if (options.binary != LASTBYTE_BINARY) text += " --binary " + options.binary;
  return text;
}

}  // namespace

int main(int count, char** arguments) {
  const auto wanted = asked(count, arguments);
  if (!wanted) {
    std::fputs(kUsage, stderr);
    return 2;
  }
  const RunOptions& options = wanted->options;
  // Where that is allowed: otherwise a program of somebody else may connect to a port that one of ours has just had.
  const net::test::OwnNetwork network;
  if (network) ::setns(network.descriptor(), CLONE_NEWNET);
  std::printf("seed %llu, %llu sessions, %s\n", static_cast<unsigned long long>(options.seed),
              static_cast<unsigned long long>(options.sessions * options.times), options.binary.c_str());
  std::fflush(stdout);

  std::map<std::string, int> clauses;
  std::string last;
  const auto judged = [&](const soak::Session& session, const std::vector<soak::Violation>& violations) {
    if (wanted->one_alone) last = print(session);
    if (violations.empty()) return;
    std::printf("\nFAILED %s", print(session).c_str());
    for (const soak::Violation& each : violations) {
      std::printf("  %s: %s\n", each.clause.c_str(), each.what.c_str());
      ++clauses[each.clause];
    }
    std::printf("  again: %s\n", replay(options, session.plan.number).c_str());
    std::fflush(stdout);
  };
  const auto began = std::chrono::steady_clock::now();
  const auto result = soak::run(options, judged);
  if (!result) {
    std::fprintf(stderr, "soak: %s\n", result.error().text().c_str());
    return 1;
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  if (result->failed == 0 && !last.empty()) std::printf("%s", last.c_str());
  for (const std::string& each : result->daemon) std::printf("FAILED the daemon: %s\n", each.c_str());
  std::printf("%llu sessions in %.1f s, %llu failed", static_cast<unsigned long long>(result->played), took.count(),
              static_cast<unsigned long long>(result->failed));
  for (const auto& [clause, times] : clauses) std::printf(", %s %d times", clause.c_str(), times);
  std::printf("\n");
  return result->failed == 0 && result->daemon.empty() ? 0 : 1;
}
