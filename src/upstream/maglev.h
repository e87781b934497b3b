// Maglev hashing (Eisenbud et al., NSDI 2016, section 3.4). The table is built once from all members, whatever their
// state. A look-up skips members that are not eligible. A member that leaves or returns therefore moves only its own
// clients, and the table is not rebuilt. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "net/address/address.h"

namespace lastbyte::upstream {

/// A prime, about a hundred times the largest number of members for which each gets its share within one percent.
inline constexpr std::uint32_t kMaglevSize = 65'537;

struct MaglevMember {
  std::string_view name;     ///< identifies the member: the same name gets the same places
  std::uint32_t weight = 1;  ///< 0: no places
};

/// Returns the index of the member for each place; empty if no member has a weight. At most 65,535 members.
std::vector<std::uint16_t> maglev_table(std::span<const MaglevMember> members);

/// Hashes an address without its port, for maglev_table().
std::uint64_t source_hash(const net::Address& client);

/// Mixes 64 bits of any quality into well-distributed ones (splitmix64).
constexpr std::uint64_t mixed(std::uint64_t bits) {
  bits += 0x9e3779b97f4a7c15U;
  bits = (bits ^ (bits >> 30U)) * 0xbf58476d1ce4e5b9U;
  bits = (bits ^ (bits >> 27U)) * 0x94d049bb133111ebU;
  return bits ^ (bits >> 31U);
}

}  // namespace lastbyte::upstream
