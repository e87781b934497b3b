// The order in which a session tries the addresses of one name (RFC 8305, section 4). Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/time.h"
#include "net/address/address.h"
#include "upstream/terms/settings.h"

namespace lastbyte::upstream {

/// The delay after which a session tries a further address beside those under way (RFC 8305, section 8).
inline constexpr Duration kAttemptDelay{250};

/// Alternates the families, the preferred one first; within a family, the resolver's order (RFC 6724) stays. Drops
/// families that are not wanted. `any` begins with the family of the first address.
std::vector<net::Address> interleaved(const std::vector<net::Address>& addresses, Family family);

/// The value that Figures::preferred keeps for an address; the port does not count. Never 0.
std::uint64_t address_mark(const net::Address& address);

/// Returns the order for one session as indices into `addresses`: the address whose mark is `preferred` comes first,
/// the others keep their order.
std::vector<std::uint32_t> order_of(const std::vector<net::Address>& addresses, std::uint64_t preferred);

}  // namespace lastbyte::upstream
