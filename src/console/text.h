// Fits text into cells of a terminal, and shortens figures for columns. Pure, and independent of the locale.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace lastbyte::console {

/// The characters that the terminal can show.
enum class Charset : std::uint8_t { ascii, utf8 };

/// Makes `text` fit for a terminal: invalid UTF-8, control characters and characters outside `charset` become '?'.
std::string shown(std::string_view text, Charset charset = Charset::utf8);

/// Returns the width in columns; East Asian wide characters take two. Precondition: the text is from shown().
std::size_t columns_of(std::string_view text);

enum class Align : std::uint8_t { left, right };

/// Pads the text to exactly `width` columns, or cuts it and ends it with '~'. Precondition: the text is from shown().
std::string fitted(std::string_view text, std::size_t width, Align align = Align::left);
/// Cuts the text to at most `width` columns, without a mark. Precondition: the text is from shown().
std::string clipped(std::string_view text, std::size_t width);

/// Returns "250us", "12ms", "3.1s", "5m", "7h", "9d": at most 5 characters below 10,000 days.
std::string span(std::int64_t microseconds);
/// Returns "812", "1.4k", "64M": at most 5 characters, units of 1024.
std::string bytes(double count);

}  // namespace lastbyte::console
