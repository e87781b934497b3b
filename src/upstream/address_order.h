// In which order the addresses of one name are tried (RFC 8305, section 4). Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/time.h"
#include "net/address/address.h"
#include "upstream/terms/settings.h"

namespace lastbyte::upstream {

/// A further address is tried beside the ones under way after that (RFC 8305, section 8).
inline constexpr Duration kAttemptDelay{250};

/// Families in turn, the preferred one first; within a family the resolver's order (RFC 6724) stays. Families that are
/// not wanted are left out. `any` begins with the family of the first address.
std::vector<net::Address> interleaved(const std::vector<net::Address>& addresses, Family family);

/// What Figures::preferred keeps of an address, whatever its port; never 0.
std::uint64_t address_mark(const net::Address& address);

/// The order for one session: `addresses` as they are, but the one whose mark is `preferred` comes first.
/// Indices into `addresses`.
std::vector<std::uint32_t> order_of(const std::vector<net::Address>& addresses, std::uint64_t preferred);

}  // namespace lastbyte::upstream
