// What the tests of the PROXY protocol share: headers built byte by byte, and answers as one line of text.
#pragma once

#include <cstddef>
#include <iosfwd>
#include <string>
#include <string_view>

#include "net/proxy_protocol/header.h"

namespace lastbyte::net::proxy_protocol {

/// "v1 stream 10.0.0.1:1 > 10.0.0.2:2", for GoogleTest.
void PrintTo(const Header& header, std::ostream* out);

namespace test {

Parsed parsed(std::string_view bytes, std::size_t longest = kUsualLongest);
/// The answer once there is one, when the bytes come one at a time; else the last one.
Parsed byte_at_a_time(std::string_view bytes, std::size_t longest = kUsualLongest);
/// "v1 stream 10.0.0.1:1 > 10.0.0.2:2 (40 bytes)", "7 more" or "malformed: reason".
std::string told(const Parsed& answer);

/// Version 2: the fixed sixteen bytes, then `body`.
std::string v2(char command, char family, const std::string& body);
std::string tlv_bytes(int type, const std::string& value);
/// `name` as the kernel has it: an abstract one begins with a zero byte. None where Address knows no UNIX addresses.
Address unix_address(const std::string& name);

}  // namespace test
}  // namespace lastbyte::net::proxy_protocol
