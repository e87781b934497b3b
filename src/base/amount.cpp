#include "base/amount.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>

namespace lastbyte {

namespace {

using Failed = tl::unexpected<std::string>;

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr std::array kTimeUnits{Unit{"ms", 1}, Unit{"s", 1000}, Unit{"m", 60'000}, Unit{"h", 3'600'000},
                                Unit{"d", 86'400'000}};
constexpr std::array kSizeUnits{Unit{"", 1}, Unit{"k", 1ULL << 10}, Unit{"M", 1ULL << 20}, Unit{"G", 1ULL << 30}};
constexpr std::string_view kSizeForm = "; expected a size such as 4096, 64k, 4M or 1G";
constexpr std::uint64_t kLongest = std::numeric_limits<Duration::rep>::max();

std::string_view form_of(DurationForms allowed) {
  if (allowed.fractions) return "; expected a duration such as 2, 0.5, 250ms, 2s, 1m, 1h or 1d";
  if (allowed.bare_seconds) return "; expected a duration such as 5, 500ms, 5s, 2m, 1h or 1d";
  return "; expected a duration such as 500ms, 5s, 2m, 1h or 1d";
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Removes the leading digits from `text` and returns them.
std::string_view take_digits(std::string_view& text) {
  const auto end = std::find_if_not(text.begin(), text.end(), is_digit);
  const std::string_view digits = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  text.remove_prefix(digits.size());
  return digits;
}

/// nullopt: the number does not fit. No digits count as 0.
std::optional<std::uint64_t> number_of(std::string_view digits) {
  std::uint64_t number = 0;
  if (digits.empty()) return number;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc()) return std::nullopt;
  return number;
}

template <std::size_t Count>
std::optional<std::uint64_t> factor_of(const std::array<Unit, Count>& units, std::string_view name) {
  const auto found = std::ranges::find(units, name, &Unit::name);
  if (found == units.end()) return std::nullopt;
  return found->factor;
}

/// The part of a unit after the decimal point, rounded up: 500 for "5" and 1000. Digits after the tenth affect only the
/// rounding.
std::uint64_t part_of(std::string_view digits, std::uint64_t factor) {
  std::uint64_t whole = 0;
  std::uint64_t scale = 1;
  bool is_more = false;
  for (const char digit : digits) {
    constexpr std::uint64_t kFinest = 10'000'000'000;  // times a day in milliseconds, this fits into 64 bits
    if (scale < kFinest) {
      whole = whole * 10 + static_cast<std::uint64_t>(digit - '0');
      scale *= 10;
    } else {
      is_more = is_more || digit != '0';
    }
  }
  const std::uint64_t part = whole * factor;
  return part / scale + (part % scale != 0 || is_more ? 1 : 0);
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

}  // namespace

tl::expected<Duration, std::string> parse_duration(std::string_view text, DurationForms allowed) {
  const auto wrong = [&](std::string_view what) { return Failed(std::string(what).append(form_of(allowed))); };
  const std::string_view whole = take_digits(text);
  const bool has_point = text.starts_with('.');
  std::string_view behind_point;
  if (has_point && allowed.fractions) {
    text.remove_prefix(1);
    behind_point = take_digits(text);
  }
  if (whole.empty() && behind_point.empty()) return wrong("not a duration");
  if (has_point && !allowed.fractions) return wrong("not a whole number");
  const std::optional<std::uint64_t> number = number_of(whole);
  if (!number) return wrong("too long");
  if (text.empty() && !allowed.bare_seconds) return wrong("has no unit");
  const std::optional<std::uint64_t> factor = factor_of(kTimeUnits, text.empty() ? "s" : text);
  if (!factor) return Failed("'" + std::string(text) + "' is not a unit of time; expected ms, s, m, h or d");
  const std::uint64_t part = part_of(behind_point, *factor);
  if (*number > (kLongest - part) / *factor) return wrong("too long");
  return Duration(static_cast<Duration::rep>(*number * *factor + part));
}

std::string print_duration(Duration duration) {
  return print_in(kTimeUnits, static_cast<std::uint64_t>(duration.count()), "s");
}

tl::expected<std::uint64_t, std::string> parse_size(std::string_view text, SizeForms allowed) {
  const auto wrong = [](std::string what) { return Failed(what.append(kSizeForm)); };
  const std::string_view digits = take_digits(text);
  if (digits.empty()) return wrong("not a size");
  const std::optional<std::uint64_t> number = number_of(digits);
  if (!number) return wrong("too large");
  std::string unit(text);
  if (unit == "K") unit = "k";
  if (allowed.any_case && unit == "m") unit = "M";
  if (allowed.any_case && unit == "g") unit = "G";
  const std::optional<std::uint64_t> factor = factor_of(kSizeUnits, unit);
  if (!factor) return wrong("'" + unit + "' is not a unit of size");
  if (*number > std::numeric_limits<std::uint64_t>::max() / *factor) return wrong("too large");
  return *number * *factor;
}

std::string print_size(std::uint64_t bytes) { return print_in(kSizeUnits, bytes, ""); }

}  // namespace lastbyte
