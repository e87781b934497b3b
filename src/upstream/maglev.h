// Maglev hashing (Eisenbud et al., NSDI 2016, section 3.4). The table is made once from all members, whatever their
// state; a look-up passes over those that may not be chosen, so that a member which comes and goes moves its own
// clients only, and nothing is made anew. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "net/address/address.h"

namespace lastbyte::upstream {

/// A prime, and about a hundred times the number of members that a group has at most if each is to get its share within
/// a percent.
inline constexpr std::uint32_t kMaglevSize = 65'537;

struct MaglevMember {
  std::string_view name;     ///< its identity: the same name gets the same places
  std::uint32_t weight = 1;  ///< 0: no place
};

/// For each place the index of its member; empty: no member has a weight. At most 65,535 members.
std::vector<std::uint16_t> maglev_table(std::span<const MaglevMember> members);

/// A hash for maglev_table() of an address without its port.
std::uint64_t source_hash(const net::Address& client);

/// 64 bits of any quality, made into good ones (splitmix64).
constexpr std::uint64_t mixed(std::uint64_t bits) {
  bits += 0x9e3779b97f4a7c15U;
  bits = (bits ^ (bits >> 30U)) * 0xbf58476d1ce4e5b9U;
  bits = (bits ^ (bits >> 27U)) * 0x94d049bb133111ebU;
  return bits ^ (bits >> 31U);
}

}  // namespace lastbyte::upstream
