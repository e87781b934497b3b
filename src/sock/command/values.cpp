#include "sock/command/values.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <vector>

#include "base/amount.h"
#include "base/text.h"

namespace lastbyte::sock {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

Failure wrong(std::string_view text, std::string_view expected) {
  return failure(in_quotes(text), 0, fmt::format("expected {}", expected));
}

template <typename Number>
bool read_whole(std::string_view text, Number& into) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
  return error == std::errc{} && end == text.data() + text.size();
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const auto at = std::min(text.find(separator), text.size());
    parts.push_back(text.substr(0, at));
    if (at == text.size()) return parts;
    text.remove_prefix(at + 1);
  }
}

}  // namespace

Result<std::uint64_t> parse_size(std::string_view text) {
  const auto size = lastbyte::parse_size(text, {.any_case = true});
  if (!size) return failure(in_quotes(text), 0, size.error());
  return *size;
}

Result<Duration> parse_duration(std::string_view text) {
  constexpr Duration kLongest{1'000'000'000'000};  // thirty years; no clock overflows
  const auto duration = lastbyte::parse_duration(text, {.bare_seconds = true, .fractions = true});
  if (!duration) return failure(in_quotes(text), 0, duration.error());
  if (*duration > kLongest) return wrong(text, "a shorter time");
  return *duration;
}

Result<std::uint64_t> parse_number(std::string_view text, std::uint64_t least, std::uint64_t most) {
  std::uint64_t value = 0;
  const bool whole = !text.empty() && std::all_of(text.begin(), text.end(), is_digit) && read_whole(text, value);
  if (!whole || value < least || value > most) {
    return wrong(text, "a whole number from " + std::to_string(least) + " to " + std::to_string(most));
  }
  return value;
}

Result<int> parse_byte(std::string_view text) {
  constexpr int kMost = 255;
  const bool hexadecimal = text.starts_with("0x") || text.starts_with("0X");
  const std::string_view digits = hexadecimal ? text.substr(2) : text;
  unsigned value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, hexadecimal ? 16 : 10);
  const bool whole = !digits.empty() && error == std::errc{} && end == digits.data() + digits.size();
  if (!whole || value > kMost) return wrong(text, "a byte from 0 to 255, or from 0x00 to 0xff");
  return static_cast<int>(value);
}

Result<Linger> parse_linger(std::string_view text) {
  if (text == "off") return Linger{false, std::chrono::seconds(0)};
  // The kernel takes an int, but converts it to ticks of its clock.
  const auto seconds = parse_number(text, 0, 86'400);
  if (!seconds) return wrong(text, "'off' or whole seconds from 0 to 86400");
  return Linger{true, std::chrono::seconds(*seconds)};
}

Result<net::Keepalive> parse_keepalive(std::string_view text) {
  constexpr std::uint64_t most_seconds = 32'767;  // MAX_TCP_KEEPIDLE, include/net/tcp.h
  constexpr std::uint64_t most_probes = 127;      // MAX_TCP_KEEPCNT
  net::Keepalive keepalive;
  if (text.empty()) return keepalive;
  const auto parts = split(text, ',');
  if (parts.size() > 3) return wrong(text, "IDLE,INTERVAL,COUNT");
  const auto idle = parse_number(parts[0], 1, most_seconds);
  if (!idle) return Failure(idle.error());
  keepalive.idle = std::chrono::seconds(*idle);
  if (parts.size() > 1) {
    const auto interval = parse_number(parts[1], 1, most_seconds);
    if (!interval) return Failure(interval.error());
    keepalive.interval = std::chrono::seconds(*interval);
  }
  if (parts.size() > 2) {
    const auto count = parse_number(parts[2], 1, most_probes);
    if (!count) return Failure(count.error());
    keepalive.count = static_cast<int>(*count);
  }
  return keepalive;
}

bool is_numeric_port(std::string_view text) { return text.empty() || is_digit(text.front()); }

Result<net::PortRange> parse_ports(std::string_view text) {
  const auto parts = split(text, '-');
  const auto first = parse_number(parts.front(), 0, 65'535);
  const auto last = parse_number(parts.back(), 0, 65'535);
  if (parts.size() > 2 || !first || !last || *first > *last) {
    return wrong(text, "a port from 0 to 65535, or a range such as 20-25");
  }
  return net::PortRange{static_cast<std::uint16_t>(*first), static_cast<std::uint16_t>(*last)};
}

Result<HostPort> split_local(std::string_view text) {
  const bool digits = !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
  if (digits) return HostPort{{}, std::string(text)};
  const bool dotted = std::all_of(text.begin(), text.end(), [](char c) { return is_digit(c) || c == '.'; });
  constexpr auto kDotsOfAddressAndPort = 4;
  if (dotted && std::count(text.begin(), text.end(), '.') == kDotsOfAddressAndPort) {
    const auto last = text.rfind('.');
    return HostPort{std::string(text.substr(0, last)), std::string(text.substr(last + 1))};
  }
  return split_host_port(text);
}

Result<HostPort> split_host_port(std::string_view text) {
  if (text.starts_with('[')) {
    const auto bracket = text.find(']');
    if (bracket == std::string_view::npos) return wrong(text, "a ']' after the IPv6 address");
    const auto rest = text.substr(bracket + 1);
    if (!rest.empty() && !rest.starts_with(':')) return wrong(text, "':' and a port after the ']'");
    return HostPort{std::string(text.substr(1, bracket - 1)), std::string(rest.empty() ? rest : rest.substr(1))};
  }
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || text.find(':', colon + 1) != std::string_view::npos) {
    return HostPort{std::string(text), {}};  // a name, an IPv4 address, or an IPv6 address without brackets
  }
  return HostPort{std::string(text.substr(0, colon)), std::string(text.substr(colon + 1))};
}

}  // namespace lastbyte::sock
