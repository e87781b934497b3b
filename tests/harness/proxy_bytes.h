// Shared by the tests of the PROXY protocol: headers built byte by byte, and answers as one line of text.
#pragma once

#include <cstddef>
#include <iosfwd>
#include <string>
#include <string_view>

#include "net/proxy_protocol/header.h"

namespace lastbyte::net::proxy_protocol {

/// Prints "v1 stream 10.0.0.1:1 > 10.0.0.2:2" for GoogleTest.
void PrintTo(const Header& header, std::ostream* out);

namespace test {

Parsed parsed(std::string_view bytes, std::size_t longest = kUsualLongest);
/// Parses the bytes one more at a time. Returns the first final answer, otherwise the last one.
Parsed byte_at_a_time(std::string_view bytes, std::size_t longest = kUsualLongest);
/// Returns "v1 stream 10.0.0.1:1 > 10.0.0.2:2 (40 bytes)", "7 more" or "malformed: reason".
std::string told(const Parsed& answer);

/// Version 2: the fixed sixteen bytes, then `body`.
std::string v2(char command, char family, const std::string& body);
std::string tlv_bytes(int type, const std::string& value);
/// `name` is the kernel's form: an abstract name begins with a zero byte. Returns none if Address has no UNIX
/// addresses.
Address unix_address(const std::string& name);

}  // namespace test
}  // namespace lastbyte::net::proxy_protocol
