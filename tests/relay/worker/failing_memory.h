// Memory that runs out where a test wants it to: this program's operator new fails on threads that are watched.
#pragma once

#include <cstdint>

namespace lastbyte::test {

/// From now on the allocations of the calling thread count.
void watch_this_thread();
[[nodiscard]] bool is_watched_thread();

enum class Shortage : std::uint8_t {
  once,   ///< one allocation fails
  lasts,  ///< it and all after it fail, until plenty()
};

/// Of the watched threads' allocations from now on, those with the numbers 0 to `number` - 1 succeed.
void run_out_of_memory(std::uint64_t number, Shortage shortage);
/// Nothing fails any more. True: something did.
bool plenty();

}  // namespace lastbyte::test
