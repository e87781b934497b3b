#include "upstream/maglev.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace lastbyte::upstream {
namespace {

constexpr std::uint16_t kFree = UINT16_MAX;

/// FNV-1a, finished by mixed(). The result is the same on every machine and in every version.
std::uint64_t hash(std::string_view bytes, std::uint64_t seed) {
  std::uint64_t state = 0xcbf29ce484222325U ^ seed;
  for (const char byte : bytes) state = (state ^ static_cast<unsigned char>(byte)) * 0x100000001b3U;
  return mixed(state);
}

/// The sequence of places that a member claims.
struct Row {
  std::uint64_t next = 0;
  std::uint64_t skip = 1;
  double turn = 0;     ///< the round of its next turn
  double between = 1;  ///< rounds between turns
};

}  // namespace

std::vector<std::uint16_t> maglev_table(std::span<const MaglevMember> members) {
  std::uint32_t heaviest = 0;
  for (const MaglevMember& each : members) heaviest = std::max(heaviest, each.weight);
  if (heaviest == 0) return {};
  std::vector<Row> rows;
  std::vector<std::uint16_t> indices;
  for (std::size_t index = 0; index < std::min<std::size_t>(members.size(), kFree); ++index) {
    const MaglevMember& each = members[index];
    if (each.weight == 0) continue;
    rows.push_back({.next = hash(each.name, 1) % kMaglevSize,
                    .skip = hash(each.name, 2) % (kMaglevSize - 1) + 1,
                    .between = static_cast<double>(heaviest) / each.weight});
    indices.push_back(static_cast<std::uint16_t>(index));
  }
  if (rows.empty()) return {};
  std::vector<std::uint16_t> table(kMaglevSize, kFree);
  std::uint32_t filled = 0;
  for (double round = 0;; ++round) {
    for (std::size_t at = 0; at < rows.size(); ++at) {
      Row& row = rows[at];
      if (row.turn > round) continue;
      row.turn += row.between;
      while (table[row.next] != kFree) row.next = (row.next + row.skip) % kMaglevSize;
      table[row.next] = indices[at];
      if (++filled == kMaglevSize) return table;
    }
  }
}

std::uint64_t source_hash(const net::Address& client) {
  switch (client.family()) {
    case AF_INET: return mixed(reinterpret_cast<const sockaddr_in*>(client.data())->sin_addr.s_addr);
    case AF_INET6: {
      std::array<std::uint64_t, 2> halves{};
      std::memcpy(halves.data(), &reinterpret_cast<const sockaddr_in6*>(client.data())->sin6_addr, sizeof halves);
      return mixed(mixed(halves[0]) ^ halves[1]);
    }
    default: return 0;
  }
}

}  // namespace lastbyte::upstream
