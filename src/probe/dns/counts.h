// The counts of a name. Plain data.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace lastbyte::probe::dns {

/// The counts of one name, over all settings with which it is looked up.
struct NameCounts {
  std::string name;
  std::uint64_t found = 0;   ///< look-ups that returned an address, since the start and over reloads
  std::uint64_t failed = 0;  ///< all other look-ups
  struct Now {
    std::size_t addresses = 0;                                           ///< the number of known addresses
    std::optional<std::chrono::system_clock::time_point> found_at = {};  ///< the last look-up that returned an address
  };
  std::optional<Now> now = {};  ///< nullopt: nothing uses the name
};

}  // namespace lastbyte::probe::dns
