#include "config/settings/numbers.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>

#include "config/settings/config.h"

namespace lastbyte::config {

namespace {

using Failed = tl::unexpected<std::string>;

/// A whole number at the front of `text`, and what follows it. nullopt: there is none, or it does not fit.
struct Leading {
  std::uint64_t number = 0;
  std::string_view rest;
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool starts_with_digit(std::string_view text) { return !text.empty() && is_digit(text.front()); }

std::optional<Leading> leading_number(std::string_view text) {
  Leading leading;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), leading.number);
  if (error != std::errc()) return std::nullopt;
  leading.rest = text.substr(static_cast<std::size_t>(end - text.data()));
  return leading;
}

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr std::array kTimeUnits{Unit{"ms", 1}, Unit{"s", 1000}, Unit{"m", 60'000}, Unit{"h", 3'600'000},
                                Unit{"d", 86'400'000}};
constexpr std::array kSizeUnits{Unit{"", 1}, Unit{"k", 1ULL << 10}, Unit{"M", 1ULL << 20}, Unit{"G", 1ULL << 30}};

template <std::size_t Count>
std::optional<std::uint64_t> factor_of(const std::array<Unit, Count>& units, std::string_view name) {
  const auto found = std::find_if(units.begin(), units.end(), [&](const Unit& unit) { return unit.name == name; });
  if (found == units.end()) return std::nullopt;
  return found->factor;
}

template <std::size_t Count>
std::string print_in(const std::array<Unit, Count>& units, std::uint64_t number, std::string_view unit_of_zero) {
  if (number == 0) return "0" + std::string(unit_of_zero);
  const Unit* best = &units.front();
  for (const Unit& unit : units) {
    if (number % unit.factor == 0) best = &unit;
  }
  return std::to_string(number / best->factor) + std::string(best->name);
}

constexpr std::string_view kDurationForm = "a duration such as 500ms, 5s, 2m, 1h or 1d";
constexpr std::string_view kSizeForm = "a size such as 4096, 64k, 4M or 1G";

}  // namespace

tl::expected<Duration, std::string> parse_duration(std::string_view text) {
  if (!starts_with_digit(text)) return Failed(expected("not a duration", kDurationForm));
  const std::optional<Leading> leading = leading_number(text);
  if (!leading) return Failed(expected("too long", kDurationForm));
  if (leading->rest.empty()) return Failed(expected("has no unit", kDurationForm));
  if (leading->rest.front() == '.') return Failed(expected("not a whole number", kDurationForm));
  const std::optional<std::uint64_t> factor = factor_of(kTimeUnits, leading->rest);
  if (!factor) {
    return Failed("'" + std::string(leading->rest) + "' is not a unit of time; expected ms, s, m, h or d");
  }
  constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<Duration::rep>::max());
  if (leading->number > most / *factor) return Failed(expected("too long", kDurationForm));
  return Duration(static_cast<Duration::rep>(leading->number * *factor));
}

std::string print_duration(Duration duration) {
  return print_in(kTimeUnits, static_cast<std::uint64_t>(duration.count()), "s");
}

tl::expected<std::uint64_t, std::string> parse_size(std::string_view text) {
  if (!starts_with_digit(text)) return Failed(expected("not a size", kSizeForm));
  const std::optional<Leading> leading = leading_number(text);
  if (!leading) return Failed(expected("too large", kSizeForm));
  std::string unit(leading->rest);
  if (unit == "K") unit = "k";
  const std::optional<std::uint64_t> factor = factor_of(kSizeUnits, unit);
  if (!factor) return Failed("'" + unit + "' is not a unit of size; expected " + std::string(kSizeForm));
  if (leading->number > std::numeric_limits<std::uint64_t>::max() / *factor) {
    return Failed(expected("too large", kSizeForm));
  }
  return leading->number * *factor;
}

std::string print_size(std::uint64_t bytes) { return print_in(kSizeUnits, bytes, ""); }

tl::expected<std::uint64_t, std::string> parse_count(std::string_view text, std::uint64_t least, std::uint64_t most) {
  const std::string range = std::to_string(least) + " to " + std::to_string(most);
  const bool negative = text.starts_with('-');
  const std::string_view digits = text.substr(negative ? 1 : 0);
  if (digits.empty() || !std::all_of(digits.begin(), digits.end(), is_digit)) {
    return Failed(expected("not a whole number", range));
  }
  const std::optional<Leading> leading = leading_number(digits);
  if (negative || !leading || leading->number < least || leading->number > most) {
    return Failed(expected("out of range", range));
  }
  return leading->number;
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
          .print = print_duration};
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

Codec<int> size_codec(int least, int most) {
  const std::string expects =
      print_size(static_cast<std::uint64_t>(least)) + " to " + print_size(static_cast<std::uint64_t>(most));
  return {.placeholder = "SIZE",
          .expects = expects,
          .parse = [=](std::string_view text) -> tl::expected<int, std::string> {
            const auto size = parse_size(text);
            if (!size) return Failed(size.error());
            if (*size < static_cast<std::uint64_t>(least) || *size > static_cast<std::uint64_t>(most)) {
              return Failed(expected("out of range", expects));
            }
            return static_cast<int>(*size);
          },
          .print = [](const int& value) { return print_size(static_cast<std::uint64_t>(value)); }};
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

}  // namespace lastbyte::config
