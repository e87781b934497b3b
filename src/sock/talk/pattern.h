// The pattern that a source sends, and the conversion of line ends. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace lastbyte::sock {

/// Appends `length` bytes of the pattern from `offset` on. The pattern is lines of 64 bytes that begin with their own
/// offset, so that the end of an output shows how many bytes there were.
void append_pattern(std::string& to, std::uint64_t offset, std::size_t length);

/// Appends `from` with each LF that follows no CR turned into CR LF. `after_cr` holds whether the last byte was a CR,
/// from call to call.
void append_crlf(std::string& to, std::string_view from, bool& after_cr);

}  // namespace lastbyte::sock
