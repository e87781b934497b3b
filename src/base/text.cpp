#include "base/text.h"

#include <algorithm>

namespace lastbyte {

std::string counted(std::uint64_t number, std::string_view noun) {
  std::string out = std::to_string(number) + ' ';
  out += noun;
  if (number != 1) out += 's';
  return out;
}

std::string in_quotes(std::string_view text) {
  constexpr std::size_t kLongest = 120;
  std::string shown = "'";
  for (const char c : text.substr(0, kLongest)) {
    const bool control = static_cast<unsigned char>(c) < ' ' || c == 0x7f;
    shown += control ? '?' : c;
  }
  if (text.size() > kLongest) shown += "...";
  return shown + "'";
}

std::string printable(std::string_view text) {
  constexpr std::string_view hex = "0123456789abcdef";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f) {
      out += c;
    } else {
      out += "\\x";
      out += hex[byte >> 4U];
      out += hex[byte & 0xfU];
    }
  }
  return out;
}

std::string wrap(std::string_view text, std::size_t width, std::size_t indent) {
  std::string wrapped;
  std::size_t column = 0;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    const std::size_t length = end - begin;
    if (column != 0 && column + 1 + length > width) {
      wrapped += '\n' + std::string(indent, ' ');
      column = 0;
    } else if (column != 0) {
      wrapped += ' ';
      ++column;
    }
    wrapped += text.substr(begin, length);
    column += length;
    begin = end + 1;
  }
  return wrapped;
}

}  // namespace lastbyte
