// The options of a command, each described once: parsing, --help and completion come from the table. Pure.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace lastbyte {

template <typename Options>
struct Flag {
  std::string_view name;         ///< without dashes
  std::string_view placeholder;  ///< empty: it stands alone
  std::string_view help;
  Result<void> (*apply)(Options& options, std::string_view value);
  std::string_view group = "Options";  ///< its heading in --help
};

/// Flags with their values, in order.
using GivenFlags = std::span<const std::pair<std::string, std::string>>;

/// An error's text says which flag, and what was expected.
template <typename Options>
Result<void> apply_flags(std::span<const Flag<Options>> flags, GivenFlags given, Options& options) {
  for (const auto& [name, value] : given) {
    const auto flag = std::ranges::find(flags, name, &Flag<Options>::name);
    if (flag == flags.end()) return failure("--" + name, 0, "no such flag");
    if (const auto applied = flag->apply(options, value); !applied)
      return failure("--" + name + ": " + applied.error().operation, 0, applied.error().detail);
  }
  return {};
}

/// "'12x': expected a number".
Failure not_as_expected(std::string_view value, const std::string& expected);

/// The whole text is a number in that range.
Result<std::uint64_t> whole_number(std::string_view value, std::uint64_t least, std::uint64_t most);

}  // namespace lastbyte
