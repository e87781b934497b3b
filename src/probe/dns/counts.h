// What is counted of a name. Plain data.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace lastbyte::probe::dns {

/// Of one name, by whatever settings it is looked up.
struct NameCounts {
  std::string name;
  std::uint64_t found = 0;   ///< look-ups that gave an address, since the start and over reloads
  std::uint64_t failed = 0;  ///< the others
  struct Now {
    std::size_t addresses = 0;                                           ///< that are known
    std::optional<std::chrono::system_clock::time_point> found_at = {};  ///< the last look-up that gave one
  };
  std::optional<Now> now = {};  ///< nullopt: nothing uses the name
};

}  // namespace lastbyte::probe::dns
