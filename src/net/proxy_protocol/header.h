// The PROXY protocol, versions 1 and 2: who the client is, told ahead of a connection's bytes. Pure: bytes in, a header
// or the reason against it out. The specification is HAProxy's doc/proxy-protocol.txt; sections are cited from it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "net/address/address.h"

namespace lastbyte::net::proxy_protocol {

enum class Version : std::uint8_t { v1, v2 };

/// Of a connection ahead of whose data a header may stand; nullopt: none does.
using HeaderVersion = std::optional<Version>;

constexpr std::string_view name(Version version) { return version == Version::v1 ? "v1" : "v2"; }

enum class Command : std::uint8_t {
  local,  ///< the sender speaks for itself, a health check for example: the connection's own addresses hold
  proxy,  ///< the sender speaks for a client
};

/// unspecified: "UNKNOWN" of version 1, UNSPEC of version 2.
enum class Transport : std::uint8_t { unspecified, stream, datagram };

/// Registered types of section 2.2. All others are kept as well.
namespace tlv {
inline constexpr std::uint8_t kAlpn = 0x01;
inline constexpr std::uint8_t kAuthority = 0x02;
inline constexpr std::uint8_t kCrc32c = 0x03;
inline constexpr std::uint8_t kNoop = 0x04;
inline constexpr std::uint8_t kUniqueId = 0x05;
inline constexpr std::uint8_t kSsl = 0x20;
inline constexpr std::uint8_t kNetns = 0x30;
}  // namespace tlv

struct Tlv {
  std::uint8_t type = 0;
  std::string value = {};  ///< bytes, not text: a caller that prints them escapes them

  friend bool operator==(const Tlv&, const Tlv&) = default;
};

struct Header {
  Version version = Version::v2;
  Command command = Command::proxy;
  Transport transport = Transport::stream;
  Address source = {};         ///< the client; none where the header does not tell: the connection's own addresses hold
  Address destination = {};    ///< where the client connected to; none exactly when `source` is
  std::vector<Tlv> tlvs = {};  ///< in their order; version 2 only
  std::size_t length = 0;      ///< in bytes; what follows is the client's. Of no meaning to format()

  /// The first of that type; nullptr: there is none.
  [[nodiscard]] const Tlv* find(std::uint8_t type) const;

  friend bool operator==(const Header&, const Header&) = default;
};

/// The header has not ended.
struct NeedMore {
  std::size_t at_least = 1;  ///< bytes that no valid header goes without; an invalid one may be refused before

  friend bool operator==(const NeedMore&, const NeedMore&) = default;
};

enum class Fault : std::uint8_t {
  not_proxy,     ///< what came does not begin as a header does
  malformed,     ///< it begins as one and is none
  too_long,      ///< no end within the limit
  bad_checksum,  ///< CRC32C is there and wrong (section 2.2.3)
};

struct Refusal {
  Fault fault = Fault::malformed;
  std::string reason;  ///< for the operator; always printable ASCII

  friend bool operator==(const Refusal&, const Refusal&) = default;
};

using Parsed = std::variant<NeedMore, Header, Refusal>;

/// Of version 1, CRLF included (section 2.1).
inline constexpr std::size_t kLongestV1 = 107;
/// Addresses of any family and 3.8 KiB of TLVs.
inline constexpr std::size_t kUsualLongest = 4096;

/// The header at the beginning of `bytes`: all that has come so far, from the first byte of the connection or datagram.
/// The answer to more bytes is the same once it is not NeedMore, however they were cut. `longest` bounds version 2, in
/// bytes of the whole header. For a datagram, NeedMore is an error: a header is never split (section 2).
Parsed parse(std::span<const std::byte> bytes, std::size_t longest = kUsualLongest);

/// Whether `bytes` begin with the whole signature of a version, so that nothing but a header can follow.
bool has_signature(std::span<const std::byte> bytes);

/// The bytes to send ahead of all others. Addresses that the version cannot tell (version 1: all but IPv4 and IPv6
/// streams; version 2: a UNIX and an IP address) become UNKNOWN or UNSPEC. Two IPv4-mapped addresses are written as
/// IPv4, an IPv4 and an IPv6 one as IPv6. TLVs go into version 2 only; where CRC32C is among them, its value is
/// calculated. Fails for a unique id above 128 bytes, and where the TLVs do not fit.
Result<std::string> format(const Header& header);

}  // namespace lastbyte::net::proxy_protocol
