// One network: an IP address and a prefix. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/address/address.h"

namespace lastbyte::net {

/// The bytes of an IP address in network order: 16 for IPv6; for IPv4 four, followed by zeros.
using IpBytes = std::array<std::uint8_t, 16>;

/// Precondition: an IP address.
IpBytes ip_bytes(const Address& address);

/// An IPv4 or IPv6 network: "10.0.0.0/8", "2001:db8::/32", or one address, "::1". IPv4-mapped IPv6 stands for IPv4
/// everywhere: "::ffff:10.0.0.0/104" is "10.0.0.0/8", and "::/0" holds all IPv6 addresses but no mapped one.
class Cidr {
 public:
  /// The error's `operation` holds the wrong text and `detail` what was expected; if bits after the prefix are set, it
  /// names the network without them.
  static Result<Cidr> parse(std::string_view text);

  /// Ports and scopes do not count. False for UNIX addresses and none.
  [[nodiscard]] bool contains(const Address& address) const;
  /// "10.0.0.0/8"; a single address without its prefix.
  [[nodiscard]] std::string text() const;

  [[nodiscard]] int family() const { return family_; }
  [[nodiscard]] IpBytes first() const { return ip_; }
  [[nodiscard]] IpBytes last() const;

  friend bool operator==(const Cidr&, const Cidr&) = default;

 private:
  IpBytes ip_{};
  int family_ = AF_INET;
  unsigned prefix_ = 0;  ///< bits
};

}  // namespace lastbyte::net
