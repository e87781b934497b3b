// Codecs of numbers: durations, sizes, counts, marks and file modes. Pure.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "base/time.h"
#include "config/values/codec.h"

namespace lastbyte::config {

Codec<Duration> duration_codec(Duration least, Duration most);
/// For options that the kernel takes in whole seconds.
Codec<std::chrono::seconds> seconds_codec(std::chrono::seconds least, std::chrono::seconds most);
Codec<std::uint64_t> large_size_codec(std::uint64_t least, std::uint64_t most);
/// For options that the kernel takes as an int.
Codec<int> size_codec(int least, int most);
/// "20%", as 20.
Codec<std::uint32_t> percent_codec(std::uint32_t least, std::uint32_t most);
Codec<std::uint32_t> mark_codec();
/// "0660": permission bits of a file.
Codec<std::uint32_t> file_mode_codec();

/// A share of a whole: "0.01", "1"; at most six digits after the point.
Codec<double> share_codec();

/// The parser of count_codec(), for the widest type.
tl::expected<std::uint64_t, std::string> parse_count(std::string_view text, std::uint64_t least, std::uint64_t most);

/// Two numbers, the first not above the second: "200-399", or "204" for both.
struct Range {
  std::uint32_t first = 0;
  std::uint32_t last = 0;

  friend bool operator==(const Range&, const Range&) = default;
};
Codec<Range> range_codec(std::uint32_t least, std::uint32_t most);

template <std::integral Value>
Codec<Value> count_codec(Value least, Value most) {
  const auto from = static_cast<std::uint64_t>(least);
  const auto to = static_cast<std::uint64_t>(most);
  return {.placeholder = "COUNT",
          .expects = std::to_string(least) + " to " + std::to_string(most),
          .parse =
              [from, to](std::string_view text) {
                return parse_count(text, from, to).map([](std::uint64_t count) { return static_cast<Value>(count); });
              },
          .print = [](const Value& value) { return std::to_string(value); }};
}

}  // namespace lastbyte::config
