// The counts of a name. Plain data.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace lastbyte::probe::dns {

/// What is known of one name. Not inside NameCounts: clang would not see that std::optional can make one there.
struct KnownNow {
  std::size_t addresses = 0;                                           ///< the number of known addresses
  std::optional<std::chrono::system_clock::time_point> found_at = {};  ///< the last look-up that returned an address
};

/// The counts of one name, over all settings with which it is looked up.
struct NameCounts {
  std::string name;
  std::uint64_t found = 0;           ///< look-ups that returned an address, since the start and over reloads
  std::uint64_t failed = 0;          ///< all other look-ups
  std::optional<KnownNow> now = {};  ///< nullopt: nothing uses the name
};

}  // namespace lastbyte::probe::dns
