// IPv4 addresses as IPv6 sockets see them: ::ffff:10.0.0.1 (RFC 4291, section 2.5.5.2).
#pragma once

#include "net/address/address.h"

namespace lastbyte::net {

/// Returns the IPv4 address with its port for an IPv4-mapped one; any other unchanged.
Address unmapped(const Address& address);
/// Returns the IPv4-mapped IPv6 address with its port for an IPv4 one; any other unchanged.
Address mapped(const Address& address);

}  // namespace lastbyte::net
