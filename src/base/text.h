// Words about numbers and texts, as several rooms tell them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace lastbyte {

/// "1 datagram", "12 datagrams": the noun in the singular, with an s where there is not just one.
std::string counted(std::uint64_t number, std::string_view noun);

/// What a user gave, for a message: between single quotes, control characters as '?', cut off after 120 bytes.
std::string in_quotes(std::string_view text);

/// Text from outside, fit for a terminal and a log line: bytes that are not printable ASCII become \xNN.
std::string printable(std::string_view text);

/// Breaks a paragraph at spaces so that no line is longer than `width`, unless one word is. Before each line but the
/// first come `indent` spaces, which do not count.
std::string wrap(std::string_view text, std::size_t width, std::size_t indent = 0);

}  // namespace lastbyte
