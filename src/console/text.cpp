#include "console/text.h"

#include <fmt/format.h>
#include <unistr.h>
#include <uniwidth.h>

namespace lastbyte::console {
namespace {

struct Character {
  std::size_t bytes = 0;  ///< 0: end of the text
  int columns = 0;        ///< -1: a control character, or invalid UTF-8
};

Character first_of(std::string_view text) {
  if (text.empty()) return {};
  ucs4_t code = 0;
  const int bytes = u8_mbtoucr(&code, reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  if (bytes <= 0) return {.bytes = 1, .columns = -1};
  return {.bytes = static_cast<std::size_t>(bytes), .columns = uc_width(code, "UTF-8")};
}

/// The part of `text` that fits into `width` columns, and its width.
struct Part {
  std::size_t bytes = 0;
  std::size_t columns = 0;
};

Part part_within(std::string_view text, std::size_t width) {
  Part part;
  for (Character next = first_of(text); next.bytes != 0; next = first_of(text.substr(part.bytes))) {
    const auto columns = static_cast<std::size_t>(next.columns > 0 ? next.columns : 0);
    if (part.columns + columns > width) break;
    part.bytes += next.bytes;
    part.columns += columns;
  }
  return part;
}

}  // namespace

std::string shown(std::string_view text, Charset charset) {
  std::string out;
  for (Character next = first_of(text); next.bytes != 0; next = first_of(text)) {
    const bool lone = next.columns == 0 && out.empty();  // a combining mark without a character to combine with
    if (next.columns < 0 || lone || (charset == Charset::ascii && next.bytes > 1)) {
      out += '?';
    } else {
      out += text.substr(0, next.bytes);
    }
    text.remove_prefix(next.bytes);
  }
  return out;
}

std::size_t columns_of(std::string_view text) { return part_within(text, text.size() * 2).columns; }

std::string clipped(std::string_view text, std::size_t width) {
  return std::string(text.substr(0, part_within(text, width).bytes));
}

std::string fitted(std::string_view text, std::size_t width, Align align) {
  Part part = part_within(text, width);
  std::string out(text.substr(0, part.bytes));
  if (part.bytes < text.size() && width > 0) {
    part = part_within(text, width - 1);
    out = std::string(text.substr(0, part.bytes)) + "~";
    ++part.columns;
  }
  const std::string padding(width - part.columns, ' ');
  return align == Align::left ? out + padding : padding + out;
}

std::string span(std::int64_t microseconds) {
  const double seconds = static_cast<double>(microseconds) / 1e6;
  if (microseconds < 1'000) return fmt::format("{}us", microseconds < 0 ? 0 : microseconds);
  if (seconds < 0.9995) return fmt::format("{:.0f}ms", seconds * 1e3);
  if (seconds < 119.95) return fmt::format("{:.1f}s", seconds);
  if (seconds < 7170) return fmt::format("{:.0f}m", seconds / 60);
  if (seconds < 171'000) return fmt::format("{:.0f}h", seconds / 3600);
  return fmt::format("{:.0f}d", seconds / 86'400);
}

std::string bytes(double count) {
  for (const char* unit : {"", "k", "M", "G", "T", "P"}) {
    if (count < 9.95 && *unit != 0) return fmt::format("{:.1f}{}", count, unit);
    if (count < 1023.5) return fmt::format("{:.0f}{}", count, unit);
    count /= 1024;
  }
  return fmt::format("{:.0f}E", count);
}

}  // namespace lastbyte::console
