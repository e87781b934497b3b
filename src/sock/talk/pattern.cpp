#include "sock/talk/pattern.h"

#include <fmt/format.h>

#include <algorithm>

namespace lastbyte::sock {

void append_pattern(std::string& to, std::uint64_t offset, std::size_t length) {
  constexpr std::size_t line_size = 64;
  to.reserve(to.size() + length);
  while (length > 0) {
    const auto within = static_cast<std::size_t>(offset % line_size);
    const auto line = fmt::format("{:020} lastbyte .........|.........|.........|...\n", offset - within);
    const auto part = std::string_view(line).substr(within, std::min(length, line_size - within));
    to += part;
    offset += part.size();
    length -= part.size();
  }
}

void append_crlf(std::string& to, std::string_view from, bool& after_cr) {
  for (const char c : from) {
    if (c == '\n' && !after_cr) to += '\r';
    to += c;
    after_cr = c == '\r';
  }
}

}  // namespace lastbyte::sock
