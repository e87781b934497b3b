// Durations and sizes as users write them on a command line or in a file. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "base/time.h"

namespace lastbyte {

/// Accepted forms of a duration besides a whole number with a unit.
struct DurationForms {
  bool bare_seconds = false;  ///< a number without a unit counts seconds
  bool fractions = false;     ///< "0.5s", ".5", "5."; rounded up to a millisecond
};

/// Parses "500ms", "5s", "2m", "1h", "1d". The error says what is wrong and what was expected, without the text itself.
tl::expected<Duration, std::string> parse_duration(std::string_view text, DurationForms allowed = {});
/// Prints the duration in the largest unit that needs no fraction: "90s", "2m". Precondition: not negative.
std::string print_duration(Duration duration);

/// Accepted forms of a size besides a whole number, alone or with k, K, M or G.
struct SizeForms {
  bool any_case = false;  ///< m and g as well
};

/// Bytes: "4096", "64k", "4M", "1G", in powers of 1024. Errors as above.
tl::expected<std::uint64_t, std::string> parse_size(std::string_view text, SizeForms allowed = {});
std::string print_size(std::uint64_t bytes);

}  // namespace lastbyte
