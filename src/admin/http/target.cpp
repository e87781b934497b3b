#include "admin/http/target.h"

#include <charconv>

namespace lastbyte::admin {
namespace {

bool is_control(char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; }

/// `plus_is_space` is for a query (application/x-www-form-urlencoded).
std::optional<std::string> decoded(std::string_view text, bool plus_is_space) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    char c = text[at];
    if (c == '%') {
      if (text.size() - at < 3) return std::nullopt;
      unsigned value = 0;
      const char* const digits = text.data() + at + 1;
      const auto [end, error] = std::from_chars(digits, digits + 2, value, 16);
      if (error != std::errc() || end != digits + 2) return std::nullopt;
      c = static_cast<char>(value);
      at += 2;
    } else if (c == '+' && plus_is_space) {
      c = ' ';
    }
    if (is_control(c)) return std::nullopt;
    out += c;
  }
  return out;
}

/// Calls `take` with each part between separators. Returns false as soon as `take` does.
template <typename Take>
bool each_part(std::string_view text, char separator, Take take) {
  while (true) {
    const std::size_t end = text.find(separator);
    if (!take(text.substr(0, end))) return false;
    if (end == std::string_view::npos) return true;
    text.remove_prefix(end + 1);
  }
}

}  // namespace

std::optional<Target> parse_target(std::string_view target) {
  if (!target.starts_with('/')) return std::nullopt;
  const std::size_t mark = target.find('?');
  auto path = decoded(target.substr(0, mark), false);
  if (!path) return std::nullopt;
  Target parsed{.path = std::move(*path), .query = {}};
  if (mark == std::string_view::npos) return parsed;
  const bool good = each_part(target.substr(mark + 1), '&', [&](std::string_view part) {
    if (part.empty()) return true;
    const std::size_t equals = part.find('=');
    auto key = decoded(part.substr(0, equals), true);
    auto value = equals == std::string_view::npos ? std::string() : decoded(part.substr(equals + 1), true);
    if (!key || !value) return false;
    parsed.query.emplace_back(std::move(*key), std::move(*value));
    return true;
  });
  if (!good) return std::nullopt;
  return parsed;
}

std::optional<std::vector<std::string>> segments_of(std::string_view target) {
  if (!target.starts_with('/')) return std::nullopt;
  std::vector<std::string> segments;
  const bool good = each_part(target.substr(1, target.find('?') - 1), '/', [&](std::string_view part) {
    auto segment = decoded(part, false);
    if (!segment) return false;
    segments.push_back(std::move(*segment));
    return true;
  });
  if (!good) return std::nullopt;
  return segments;
}

}  // namespace lastbyte::admin
