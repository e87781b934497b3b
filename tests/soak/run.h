// A run: some dozens of sessions at once through one daemon, each judged when it is over.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "tests/soak/judge.h"

namespace lastbyte::soak {

struct RunOptions {
  std::string binary;
  std::uint64_t seed = 1;
  std::uint64_t first = 0;  ///< the number of the first session
  std::uint64_t sessions = 1000;
  std::string kinds = {};   ///< only of kinds with this in their names
  std::uint64_t times = 1;  ///< each session is played so often
  std::size_t at_once = 64;
  std::uint64_t most_failures = 10;  ///< after so many it ends early
};

struct RunResult {
  std::uint64_t played = 0;
  std::uint64_t failed = 0;
  std::vector<std::string> daemon;  ///< what was wrong with the daemon itself
};

/// Called for each session that is over.
using Judged = std::function<void(const Session&, const std::vector<Violation>&)>;

/// An error: the run could not begin.
Result<RunResult> run(const RunOptions& options, const Judged& judged);

}  // namespace lastbyte::soak
