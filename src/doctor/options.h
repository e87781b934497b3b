// The command line of `lastbyte doctor`.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "net/names/namespace.h"

namespace lastbyte::doctor {

struct Options {
  net::NamespaceName network = {};  ///< own(): that of the process, or the caller's
  std::optional<std::uint32_t> pid;
  std::optional<std::string> explain;
  bool json = false;
  bool intrusive = false;
  std::chrono::milliseconds window{1'000};
  std::chrono::seconds stuck_after{60};
  std::chrono::seconds half_closed_after{3'600};
};

struct Flag {
  std::string_view name;         ///< without dashes
  std::string_view placeholder;  ///< empty: it stands alone
  std::string_view help;
  Result<void> (*apply)(Options& options, std::string_view value);
};
std::span<const Flag> flags();

/// `given`: flags with their values. An error's text says which flag and what was expected.
Result<Options> parse(std::span<const std::pair<std::string, std::string>> given);

}  // namespace lastbyte::doctor
