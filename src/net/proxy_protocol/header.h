// The PROXY protocol, versions 1 and 2: a header ahead of a connection's bytes names the client. Pure: takes bytes,
// returns a header or the reason against it. The specification is HAProxy's doc/proxy-protocol.txt; section numbers
// refer to it.
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

/// The version of the header that a connection begins with; nullopt: none.
using HeaderVersion = std::optional<Version>;

constexpr std::string_view name(Version version) { return version == Version::v1 ? "v1" : "v2"; }

enum class Command : std::uint8_t {
  local,  ///< the sender speaks for itself, for example a health check; the connection's own addresses apply
  proxy,  ///< the sender speaks for a client
};

/// `unspecified` is "UNKNOWN" in version 1, UNSPEC in version 2.
enum class Transport : std::uint8_t { unspecified, stream, datagram };

/// Registered types of section 2.2. Other types are kept as well.
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
  std::string value = {};  ///< bytes, not text: callers must escape them for printing

  friend bool operator==(const Tlv&, const Tlv&) = default;
};

struct Header {
  Version version = Version::v2;
  Command command = Command::proxy;
  Transport transport = Transport::stream;
  Address source = {};         ///< the client; none if the header does not tell: the connection's own addresses apply
  Address destination = {};    ///< the address that the client connected to; none exactly if `source` is
  std::vector<Tlv> tlvs = {};  ///< in order; version 2 only
  std::size_t length = 0;      ///< in bytes; the client's bytes follow. format() ignores it

  /// Returns the first TLV of that type; nullptr: there is none.
  [[nodiscard]] const Tlv* find(std::uint8_t type) const;

  friend bool operator==(const Header&, const Header&) = default;
};

/// The header is incomplete.
struct NeedMore {
  std::size_t at_least = 1;  ///< no valid header needs fewer bytes; an invalid one may be refused earlier

  friend bool operator==(const NeedMore&, const NeedMore&) = default;
};

enum class Fault : std::uint8_t {
  not_proxy,     ///< the bytes do not begin as a header does
  malformed,     ///< it begins as a header but is invalid
  too_long,      ///< no end within the limit
  bad_checksum,  ///< a CRC32C is present and wrong (section 2.2.3)
};

struct Refusal {
  Fault fault = Fault::malformed;
  std::string reason;  ///< for the operator; printable ASCII only

  friend bool operator==(const Refusal&, const Refusal&) = default;
};

using Parsed = std::variant<NeedMore, Header, Refusal>;

/// The largest version 1 header, CRLF included (section 2.1).
inline constexpr std::size_t kLongestV1 = 107;
/// Room for addresses of any family and 3.8 KiB of TLVs.
inline constexpr std::size_t kUsualLongest = 4096;

/// Parses the header at the beginning of `bytes`, which are all bytes so far of the connection or datagram. Once the
/// result is not NeedMore, further bytes do not change it, however they were split. `longest` limits the whole header
/// of version 2, in bytes. For a datagram, NeedMore is an error: a header is never split (section 2).
Parsed parse(std::span<const std::byte> bytes, std::size_t longest = kUsualLongest);

/// Whether `bytes` begin with the whole signature of a version, so that only a header can follow.
bool has_signature(std::span<const std::byte> bytes);

/// Formats the bytes to send ahead of all others. Addresses that the version cannot express become UNKNOWN or UNSPEC
/// (version 1: all but IPv4 and IPv6 streams; version 2: a UNIX and an IP address). Two IPv4-mapped addresses are
/// written as IPv4, an IPv4 and an IPv6 one as IPv6. TLVs go into version 2 only; a CRC32C among them gets its value
/// calculated. Fails for a unique id above 128 bytes, and if the TLVs do not fit.
Result<std::string> format(const Header& header);

}  // namespace lastbyte::net::proxy_protocol
