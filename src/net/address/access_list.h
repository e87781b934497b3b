// The clients that a listener serves, by their networks. Pure.
#pragma once

#include <cstdint>

#include "net/address/networks.h"

namespace lastbyte::net {

enum class Access : std::uint8_t {
  granted,
  denied,      ///< a network of `deny` contains the client
  not_listed,  ///< `allow` is not empty, and no network of it contains the client
};

/// `deny` wins over `allow`, whichever is narrower. An empty `allow` grants access to every client that is not denied.
/// A UNIX client is in no network: only an empty `allow` grants it access.
struct AccessList {
  Networks allow = {};
  Networks deny = {};

  [[nodiscard]] Access check(const Address& client) const;

  friend bool operator==(const AccessList&, const AccessList&) = default;
};

}  // namespace lastbyte::net
