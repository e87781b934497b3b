// Networks, and who may come in by them. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/address.h"

namespace lastbyte::net {

/// An IPv4 or IPv6 network: "10.0.0.0/8", "2001:db8::/32", or one address, "::1". IPv4-mapped IPv6 stands for IPv4
/// everywhere: "::ffff:10.0.0.0/104" is "10.0.0.0/8", and "::/0" holds all IPv6 addresses but no mapped one.
class Cidr {
 public:
  /// The error's `operation` holds the wrong text and `detail` what was expected; for bits behind the prefix it names
  /// the network that was meant.
  static Result<Cidr> parse(std::string_view text);

  /// Ports and scopes do not count. False for UNIX addresses and none.
  [[nodiscard]] bool contains(const Address& address) const;
  /// "10.0.0.0/8"; one address without its prefix.
  [[nodiscard]] std::string text() const;

  friend bool operator==(const Cidr&, const Cidr&) = default;

 private:
  std::array<std::uint8_t, 16> ip_{};  ///< in network order; of an IPv4 network the first four
  int family_ = AF_INET;
  unsigned prefix_ = 0;  ///< bits
};

enum class Access : std::uint8_t {
  granted,
  denied,      ///< a network of `deny` holds the client
  not_listed,  ///< `allow` is not empty, and no network of it holds the client
};

/// Who may come in. `deny` wins over `allow`, whichever is the narrower; an empty `allow` lets in all that are not
/// denied. A UNIX client is in no network: only an empty `allow` lets it in.
struct AccessList {
  std::vector<Cidr> allow = {};
  std::vector<Cidr> deny = {};

  [[nodiscard]] Access check(const Address& client) const;

  friend bool operator==(const AccessList&, const AccessList&) = default;
};

}  // namespace lastbyte::net
