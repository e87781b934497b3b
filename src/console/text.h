// Text in the cells of a terminal, and figures short enough for a column. Pure, and independent of the locale.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace lastbyte::console {

/// What the terminal can show beyond printable ASCII.
enum class Charset : std::uint8_t { ascii, utf8 };

/// `text` fit for a terminal: what is no valid UTF-8, a control character or not in `charset` becomes '?'.
std::string shown(std::string_view text, Charset charset = Charset::utf8);

/// The columns that it takes; East Asian wide characters take two. Precondition: shown() gave it.
std::size_t columns_of(std::string_view text);

enum class Align : std::uint8_t { left, right };

/// In exactly `width` columns: padded, or cut off with a '~' at the end. Precondition: shown() gave it.
std::string fitted(std::string_view text, std::size_t width, Align align = Align::left);
/// At most `width` columns, cut off without a mark. Precondition: shown() gave it.
std::string clipped(std::string_view text, std::size_t width);

/// "250us", "12ms", "3.1s", "5m", "7h", "9d": at most 5 characters below 10,000 days.
std::string span(std::int64_t microseconds);
/// "812", "1.4k", "64M": at most 5 characters, units of 1024.
std::string bytes(double count);

}  // namespace lastbyte::console
