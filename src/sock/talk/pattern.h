// The pattern that a source sends, and the conversion of line ends. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace lastbyte::sock {

/// Appends `length` bytes of the pattern from `offset` on. The pattern consists of lines of 64 bytes. Each line begins
/// with its own offset, so the last line of an output shows how many bytes arrived.
void append_pattern(std::string& to, std::uint64_t offset, std::size_t length);

/// Appends `from` and converts each LF without a CR before it to CR LF. `after_cr` keeps from call to call whether the
/// last byte was a CR.
void append_crlf(std::string& to, std::string_view from, bool& after_cr);

}  // namespace lastbyte::sock
