// Formatting of numbers and texts that several rooms share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace lastbyte {

/// "1 datagram", "12 datagrams": takes the noun in the singular and adds an s unless the number is 1.
std::string counted(std::uint64_t number, std::string_view noun);

/// Quotes a user's input for a message: single quotes, control characters as '?', cut off after 120 bytes.
std::string in_quotes(std::string_view text);

/// Makes foreign text safe for a terminal and a log line: bytes that are not printable ASCII become \xNN.
std::string printable(std::string_view text);

/// Breaks a paragraph at spaces so that no line is longer than `width`, unless one word is. Each line after the first
/// begins with `indent` spaces, which do not count towards `width`.
std::string wrap(std::string_view text, std::size_t width, std::size_t indent = 0);

}  // namespace lastbyte
