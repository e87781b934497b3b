// Parses the values of the command line: sizes, times, ports, addresses. Pure. An error's detail says what was
// expected.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "net/address/ports.h"
#include "net/socket/options.h"
#include "sock/command/sock.h"

namespace lastbyte::sock {

/// "1000", "64k", "20M", "1g": the letters are powers of 1024.
Result<std::uint64_t> parse_size(std::string_view text);
/// "2" or "2s" (seconds), "0.25", "250ms", "1m", "1h", "1d". The result is rounded up to a millisecond.
Result<Duration> parse_duration(std::string_view text);
/// A whole number within [least, most].
Result<std::uint64_t> parse_number(std::string_view text, std::uint64_t least, std::uint64_t most);
/// "off", or whole seconds.
Result<Linger> parse_linger(std::string_view text);
/// "IDLE[,INTERVAL[,COUNT]]", times in seconds; empty: the defaults.
Result<net::Keepalive> parse_keepalive(std::string_view text);

/// "80" or "20-25".
Result<net::PortRange> parse_ports(std::string_view text);
/// A port is a number or a service name. Returns whether the text can only be a number or a range.
bool is_numeric_port(std::string_view text);

struct HostPort {
  std::string host;  ///< without brackets; may be empty
  std::string port;  ///< may be empty

  friend bool operator==(const HostPort&, const HostPort&) = default;
};
/// A number from 0 to 255, or from 0x00 to 0xff.
Result<int> parse_byte(std::string_view text);
/// Splits "HOST", "HOST:PORT", ":PORT", "[V6]:PORT" or "V6".
Result<HostPort> split_host_port(std::string_view text);
/// Parses a local address and port. It accepts the forms of split_host_port(), and those of Stevens' sock: a port
/// alone, or an IPv4 address, a dot and a port (10.0.0.1.46210).
Result<HostPort> split_local(std::string_view text);

}  // namespace lastbyte::sock
