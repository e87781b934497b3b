#include "config/values/numbers.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/amount.h"

namespace lastbyte::config {

namespace {

using Failed = tl::unexpected<std::string>;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

tl::expected<std::uint64_t, std::string> parse_count(std::string_view text, std::uint64_t least, std::uint64_t most) {
  const std::string range = std::to_string(least) + " to " + std::to_string(most);
  const bool negative = text.starts_with('-');
  const std::string_view digits = text.substr(negative ? 1 : 0);
  if (digits.empty() || !std::all_of(digits.begin(), digits.end(), is_digit)) {
    return Failed(expected("not a whole number", range));
  }
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (negative || error != std::errc() || number < least || number > most) {
    return Failed(expected("out of range", range));
  }
  return number;
}

Codec<Duration> duration_codec(Duration least, Duration most) {
  const std::string expects = print_duration(least) + " to " + print_duration(most);
  return {.placeholder = "DURATION",
          .expects = expects,
          .parse = [=](std::string_view text) -> tl::expected<Duration, std::string> {
            auto duration = parse_duration(text);
            if (duration && (*duration < least || *duration > most)) return Failed(expected("out of range", expects));
            return duration;
          },
          .print = [](const Duration& value) { return print_duration(value); }};
}

Codec<std::chrono::seconds> seconds_codec(std::chrono::seconds least, std::chrono::seconds most) {
  const Codec<Duration> inner = duration_codec(least, most);
  return {.placeholder = inner.placeholder,
          .expects = inner.expects + ", whole seconds",
          .parse = [inner](std::string_view text) -> tl::expected<std::chrono::seconds, std::string> {
            const auto duration = parse_duration(text);
            if (duration && duration->count() % 1000 != 0) {
              return Failed(expected("not a whole number of seconds", inner.expects));
            }
            return inner.parse(text).map(
                [](Duration checked) { return std::chrono::duration_cast<std::chrono::seconds>(checked); });
          },
          .print = [](const std::chrono::seconds& value) { return print_duration(value); }};
}

Codec<std::uint64_t> large_size_codec(std::uint64_t least, std::uint64_t most) {
  const std::string expects = print_size(least) + " to " + print_size(most);
  return {.placeholder = "SIZE",
          .expects = expects,
          .parse = [=](std::string_view text) -> tl::expected<std::uint64_t, std::string> {
            auto size = parse_size(text);
            if (size && (*size < least || *size > most)) return Failed(expected("out of range", expects));
            return size;
          },
          .print = print_size};
}

Codec<int> size_codec(int least, int most) {
  const auto inner = large_size_codec(static_cast<std::uint64_t>(least), static_cast<std::uint64_t>(most));
  return {.placeholder = inner.placeholder,
          .expects = inner.expects,
          .parse =
              [inner](std::string_view text) {
                return inner.parse(text).map([](std::uint64_t size) { return static_cast<int>(size); });
              },
          .print = [](const int& value) { return print_size(static_cast<std::uint64_t>(value)); }};
}

Codec<std::uint32_t> percent_codec(std::uint32_t least, std::uint32_t most) {
  const std::string expects = std::to_string(least) + "% to " + std::to_string(most) + "%";
  return {.placeholder = "PERCENT",
          .expects = expects,
          .parse = [=](std::string_view text) -> tl::expected<std::uint32_t, std::string> {
            if (!text.ends_with('%')) return Failed(expected("has no '%'", expects));
            const auto count = parse_count(text.substr(0, text.size() - 1), least, most);
            if (!count) return Failed(expected(count.error().substr(0, count.error().find(';')), expects));
            return static_cast<std::uint32_t>(*count);
          },
          .print = [](const std::uint32_t& value) { return std::to_string(value) + "%"; }};
}

Codec<Range> range_codec(std::uint32_t least, std::uint32_t most) {
  const std::string expects = "one number or a range, from " + std::to_string(least) + " to " + std::to_string(most);
  return {.placeholder = "FIRST[-LAST]",
          .expects = expects,
          .parse = [=](std::string_view text) -> tl::expected<Range, std::string> {
            const std::size_t dash = text.find('-');
            const auto first = parse_count(text.substr(0, dash), least, most);
            const auto last = dash == std::string_view::npos ? first : parse_count(text.substr(dash + 1), least, most);
            if (!first || !last || *first > *last) return Failed("expected " + expects);
            return Range{static_cast<std::uint32_t>(*first), static_cast<std::uint32_t>(*last)};
          },
          .print =
              [](const Range& range) {
                const std::string first = std::to_string(range.first);
                return range.first == range.last ? first : first + "-" + std::to_string(range.last);
              }};
}

Codec<std::uint32_t> mark_codec() {
  const std::string expects = "0 to 4294967295, or 0x0 to 0xffffffff";
  return {.placeholder = "NUMBER",
          .expects = expects,
          .parse = [=](std::string_view text) -> tl::expected<std::uint32_t, std::string> {
            const bool hex = text.starts_with("0x");
            const std::string_view digits = text.substr(hex ? 2 : 0);
            std::uint32_t mark = 0;
            const auto [end, error] =
                std::from_chars(digits.data(), digits.data() + digits.size(), mark, hex ? 16 : 10);
            if (error == std::errc::result_out_of_range) return Failed(expected("out of range", expects));
            if (error != std::errc() || end != digits.data() + digits.size()) {
              return Failed(expected("not a whole number", expects));
            }
            return mark;
          },
          .print =
              [](const std::uint32_t& mark) {
                std::array<char, 8> digits{};
                const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), mark, 16);
                return "0x" + std::string(digits.data(), end);
              }};
}

Codec<std::uint32_t> file_mode_codec() {
  const std::string expects = "an octal mode such as 0660";
  return {.placeholder = "MODE",
          .expects = expects,
          .parse = [expects](std::string_view text) -> tl::expected<std::uint32_t, std::string> {
            std::uint32_t mode = 0;
            const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), mode, 8);
            if (text.size() != 4 || text.front() != '0' || error != std::errc() || end != text.data() + text.size())
              return Failed("expected " + expects);
            return mode;
          },
          .print =
              [](const std::uint32_t& mode) {
                std::string digits = "0000";
                for (std::size_t at = 0; at < 3; ++at)
                  digits[3 - at] = static_cast<char>('0' + ((mode >> (3 * at)) & 7U));
                return digits;
              }};
}

Codec<double> share_codec() {
  const std::string expects = "0 to 1, such as 0.01";
  return {.placeholder = "SHARE",
          .expects = expects,
          .parse = [expects](std::string_view text) -> tl::expected<double, std::string> {
            double share = 0;
            const auto [end, error] =
                std::from_chars(text.data(), text.data() + text.size(), share, std::chars_format::fixed);
            const bool long_fraction = text.size() > std::string_view("0.123456").size();
            if (error != std::errc() || end != text.data() + text.size() || share < 0 || share > 1 || long_fraction)
              return tl::unexpected("expected " + expects);
            return share;
          },
          .print =
              [](const double& share) {
                std::array<char, 32> room{};
                const auto end =
                    std::to_chars(room.data(), room.data() + room.size(), share, std::chars_format::fixed).ptr;
                return std::string(room.data(), end);
              }};
}

}  // namespace lastbyte::config
