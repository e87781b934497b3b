// The command line of `lastbyte doctor`.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/options/flags.h"
#include "base/result.h"
#include "net/names/namespace.h"

namespace lastbyte::doctor {

struct Options {
  net::NamespaceName network = {};  ///< own(): the process's namespace if --pid is given, otherwise the caller's
  std::optional<std::uint32_t> pid;
  std::optional<std::string> explain;
  bool json = false;
  bool intrusive = false;
  std::chrono::milliseconds window{1'000};
  std::chrono::seconds stuck_after{60};
  std::chrono::seconds half_closed_after{3'600};
};

using Flag = lastbyte::Flag<Options>;
std::span<const Flag> flags();

/// The text of an error names the flag and what it expects.
Result<Options> parse(GivenFlags given);

}  // namespace lastbyte::doctor
