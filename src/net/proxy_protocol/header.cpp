// Reading headers. A check uses only bytes that have certainly arrived when the answer is given, so that the answer
// does not depend on how the bytes were split.
#include "net/proxy_protocol/header.h"

#include <sys/un.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <string_view>

#include "net/proxy_protocol/wire.h"

namespace lastbyte::net::proxy_protocol {

namespace {

using std::string_view;

constexpr string_view kV1Start = "PROXY ";
constexpr std::size_t kShortestV1 = string_view("PROXY UNKNOWN\r\n").size();

Refusal refused(Fault fault, std::string reason) { return {.fault = fault, .reason = std::move(reason)}; }
Refusal malformed(std::string reason) { return refused(Fault::malformed, std::move(reason)); }

/// Quotes text for a log line.
std::string shown(string_view text) {
  constexpr std::size_t longest = 48;
  std::string out = "'";
  for (const char c : text.substr(0, longest)) out += c >= ' ' && c <= '~' ? c : '?';
  return out + (text.size() > longest ? "...'" : "'");
}

bool may_become(string_view bytes, string_view start) {
  const std::size_t common = std::min(bytes.size(), start.size());
  return bytes.substr(0, common) == start.substr(0, common);
}

// Version 1.

/// Decimal, 0 to 65535, without leading zeros (section 2.1).
std::optional<std::uint16_t> port_of(string_view text) {
  std::uint16_t port = 0;
  if (text.empty() || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return port;
}

/// A numeric address of that family, without a scope; inet_pton(3) refuses leading zeros in IPv4 and groups of five
/// digits.
std::optional<Address> address_of(string_view text, int family, std::uint16_t port) {
  if (text.find_first_not_of("0123456789abcdefABCDEF:.") != string_view::npos) return std::nullopt;
  auto address = Address::parse(text, port);
  if (!address || address->family() != family) return std::nullopt;
  return address;
}

Parsed tcp_line(string_view line, int family, std::size_t length) {
  std::array<string_view, 4> fields;
  std::size_t count = 0;
  for (bool more = true; more; ++count) {
    const std::size_t space = line.find(' ');
    more = space != string_view::npos;
    if (count < fields.size()) fields[count] = line.substr(0, space);
    if (more) line.remove_prefix(space + 1);
  }
  if (count != fields.size()) {
    return malformed(std::to_string(count) +
                     " fields after the protocol; expected two addresses and two ports, one space between");
  }
  const std::string kind = family == AF_INET ? "an IPv4 address" : "an IPv6 address";
  constexpr auto number = "; expected 0 to 65535 without heading zeroes";
  const auto source_port = port_of(fields[2]);
  const auto source = address_of(fields[0], family, source_port.value_or(0));
  if (!source) return malformed("the source address is " + shown(fields[0]) + "; expected " + kind);
  const auto destination_port = port_of(fields[3]);
  const auto destination = address_of(fields[1], family, destination_port.value_or(0));
  if (!destination) return malformed("the destination address is " + shown(fields[1]) + "; expected " + kind);
  if (!source_port) return malformed("the source port is " + shown(fields[2]) + number);
  if (!destination_port) return malformed("the destination port is " + shown(fields[3]) + number);
  return Header{.version = Version::v1,
                .command = Command::proxy,
                .transport = Transport::stream,
                .source = *source,
                .destination = *destination,
                .tlvs = {},
                .length = length};
}

Parsed parse_v1(string_view bytes) {
  const string_view window = bytes.substr(0, kLongestV1);
  const auto unended = [&](std::size_t at_least) -> Parsed {
    if (window.size() < kLongestV1) return NeedMore{at_least};
    return refused(Fault::too_long, "no CRLF within 107 bytes");
  };
  const std::size_t end = window.find_first_of("\r\n");
  if (end == string_view::npos) {
    return unended(std::max<std::size_t>(2, kShortestV1 - std::min(kShortestV1, window.size())));
  }
  if (window[end] == '\n') return malformed("a line feed without the carriage return before it");
  if (end + 1 == window.size()) return unended(1);
  if (window[end + 1] != '\n') return malformed("a carriage return without the line feed after it");
  const std::size_t length = end + 2;
  const string_view line = window.substr(kV1Start.size(), end - kV1Start.size());
  const string_view protocol = line.substr(0, line.find(' '));
  if (protocol == "UNKNOWN") {  // the rest of the line must be ignored
    return Header{.version = Version::v1,
                  .command = Command::proxy,
                  .transport = Transport::unspecified,
                  .source = {},
                  .destination = {},
                  .tlvs = {},
                  .length = length};
  }
  if (protocol != "TCP4" && protocol != "TCP6") {
    return malformed("the protocol is " + shown(protocol) + "; expected TCP4, TCP6 or UNKNOWN");
  }
  const string_view rest = line.size() > protocol.size() ? line.substr(protocol.size() + 1) : string_view();
  return tcp_line(rest, protocol == "TCP4" ? AF_INET : AF_INET6, length);
}

// Version 2.

/// The content of bytes 13 to 16.
struct Fixed {
  Command command = Command::proxy;
  std::uint8_t family = 0;
  std::uint8_t transport = 0;
  std::size_t length = 0;  ///< length of the whole header

  /// Whether the addresses count. Otherwise the header must be accepted and its addresses ignored, even if they are
  /// invalid (section 2.2: LOCAL, AF_UNSPEC, UNSPEC).
  [[nodiscard]] bool tells_addresses() const { return command == Command::proxy && family != 0 && transport != 0; }
};

std::variant<Fixed, NeedMore, Refusal> parse_fixed(string_view bytes, std::size_t longest) {
  Fixed fixed;
  if (bytes.size() > kCommandAt) {
    const unsigned version = byte_at(bytes, kCommandAt) >> 4U;
    const unsigned command = byte_at(bytes, kCommandAt) & 0xfU;
    if (version != 2) return malformed("version " + std::to_string(version) + " behind the signature; expected 2");
    if (command > 1) return malformed("command " + std::to_string(command) + "; expected 0 (LOCAL) or 1 (PROXY)");
    fixed.command = command == 0 ? Command::local : Command::proxy;
  }
  if (bytes.size() > kFamilyAt) {
    fixed.family = static_cast<std::uint8_t>(byte_at(bytes, kFamilyAt) >> 4U);
    fixed.transport = static_cast<std::uint8_t>(byte_at(bytes, kFamilyAt) & 0xfU);
    if (fixed.command == Command::proxy && fixed.family > kUnixFamily) {
      return malformed("address family " + std::to_string(fixed.family) + "; expected 0 to 3");
    }
    if (fixed.command == Command::proxy && fixed.transport > 2) {
      return malformed("transport " + std::to_string(fixed.transport) + "; expected 0 to 2");
    }
  }
  if (bytes.size() < kFixedSize) return NeedMore{kFixedSize - bytes.size()};
  const std::size_t body = number16(bytes, kLengthAt);
  fixed.length = kFixedSize + body;
  if (fixed.length > longest) {
    return refused(Fault::too_long, "a header of " + std::to_string(fixed.length) + " bytes; at most " +
                                        std::to_string(longest) + " are taken");
  }
  if (fixed.tells_addresses() && body < addresses_size(fixed.family)) {
    return malformed("a length of " + std::to_string(body) + "; the addresses alone take " +
                     std::to_string(addresses_size(fixed.family)));
  }
  return fixed;
}

/// Reads a sun_path of 108 bytes. A path ends at its zero byte. An abstract name begins with a zero byte; the format
/// does not tell its length, so it is taken to end with its last non-zero byte.
Address unix_address(string_view field) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const bool abstract = field.front() == '\0';
  const std::size_t last = field.find_last_not_of('\0');
  const string_view name =
      abstract ? field.substr(0, last == string_view::npos ? 0 : last + 1) : field.substr(0, field.find('\0'));
  std::memcpy(address.sun_path, name.data(), name.size());
  const std::size_t size = offsetof(sockaddr_un, sun_path) + name.size();
  return Address::from_kernel(reinterpret_cast<const sockaddr*>(&address), static_cast<socklen_t>(size));
}

Address ip_address(std::uint8_t family, string_view ip, string_view port) {
  if (family == kV4Family) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    std::memcpy(&v4.sin_addr, ip.data(), sizeof v4.sin_addr);
    std::memcpy(&v4.sin_port, port.data(), sizeof v4.sin_port);
    return Address(v4);
  }
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  std::memcpy(&v6.sin6_addr, ip.data(), sizeof v6.sin6_addr);
  std::memcpy(&v6.sin6_port, port.data(), sizeof v6.sin6_port);
  return Address(v6);
}

void read_addresses(const Fixed& fixed, string_view block, Header& into) {
  if (fixed.family == kUnixFamily) {
    into.source = unix_address(block.substr(0, kUnixSize));
    into.destination = unix_address(block.substr(kUnixSize));
    return;
  }
  const std::size_t ip = fixed.family == kV4Family ? sizeof(in_addr) : sizeof(in6_addr);
  into.source = ip_address(fixed.family, block.substr(0, ip), block.substr(2 * ip, 2));
  into.destination = ip_address(fixed.family, block.substr(ip, ip), block.substr(2 * ip + 2, 2));
}

/// Parses the TLVs of `header` from offset `at` on.
std::variant<std::vector<Tlv>, Refusal> parse_tlvs(string_view header, std::size_t at) {
  std::vector<Tlv> tlvs;
  bool summed = false;
  while (at < header.size()) {
    const std::size_t left = header.size() - at;
    if (left < kTlvStart) return malformed("the last TLV is cut off");
    const auto type = static_cast<std::uint8_t>(byte_at(header, at));
    const std::size_t size = number16(header, at + 1);
    if (size > left - kTlvStart) {
      return malformed("a TLV of " + std::to_string(size) + " bytes where " + std::to_string(left - kTlvStart) +
                       " are left");
    }
    at += kTlvStart;
    if (type == tlv::kUniqueId && size > kLongestUniqueId) {
      return malformed("a unique id of " + std::to_string(size) + " bytes; at most 128");
    }
    if (type == tlv::kCrc32c) {
      if (summed) return malformed("two checksums");
      if (size != kCrcSize) return malformed("a checksum of " + std::to_string(size) + " bytes; expected 4");
      if (crc32c_without(header, at) != number32(header, at)) {
        return refused(Fault::bad_checksum, "the CRC32C does not match the header");
      }
      summed = true;
    }
    tlvs.push_back({.type = type, .value = std::string(header.substr(at, size))});
    at += size;
  }
  return tlvs;
}

Parsed parse_v2(string_view bytes, std::size_t longest) {
  const auto start = parse_fixed(bytes, longest);
  if (const auto* more = std::get_if<NeedMore>(&start)) return *more;
  if (const auto* wrong = std::get_if<Refusal>(&start)) return *wrong;
  const auto& fixed = std::get<Fixed>(start);
  if (bytes.size() < fixed.length) return NeedMore{fixed.length - bytes.size()};
  bytes = bytes.substr(0, fixed.length);
  Header header{.version = Version::v2,
                .command = fixed.command,
                .transport = Transport::unspecified,
                .source = {},
                .destination = {},
                .tlvs = {},
                .length = fixed.length};
  const bool known_family = fixed.family <= kUnixFamily;
  const std::size_t block = known_family ? addresses_size(fixed.family) : 0;
  if (fixed.tells_addresses()) {
    header.transport = fixed.transport == 1 ? Transport::stream : Transport::datagram;
    read_addresses(fixed, bytes.substr(kFixedSize, block), header);
  }
  auto tlvs = parse_tlvs(bytes, std::min(bytes.size(), kFixedSize + block));
  if (auto* found = std::get_if<std::vector<Tlv>>(&tlvs)) {
    header.tlvs = std::move(*found);
    return header;
  }
  // If the addresses are to be ignored, nothing tells how many bytes they take, so bytes that are no TLVs count as
  // addresses. Only without any address family is a checksum certain to be one.
  auto& wrong = std::get<Refusal>(tlvs);
  const bool sure = fixed.tells_addresses() || (fixed.family == 0 && wrong.fault == Fault::bad_checksum);
  if (sure) return std::move(wrong);
  return header;
}

}  // namespace

const Tlv* Header::find(std::uint8_t type) const {
  const auto found = std::find_if(tlvs.begin(), tlvs.end(), [&](const Tlv& each) { return each.type == type; });
  return found == tlvs.end() ? nullptr : &*found;
}

Parsed parse(std::span<const std::byte> bytes, std::size_t longest) {
  const string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (text.empty()) return NeedMore{kShortestV1};
  if (may_become(text, kV1Start)) return parse_v1(text);
  if (may_become(text, kSignature)) return parse_v2(text, longest);
  return refused(Fault::not_proxy, "what came does not begin as a PROXY header does");
}

bool has_signature(std::span<const std::byte> bytes) {
  const string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return text.starts_with(kV1Start) || text.starts_with(kSignature);
}

}  // namespace lastbyte::net::proxy_protocol
