// Turns lack of memory into a result: the library's allocations throw, and nothing outside of main() catches.
#pragma once

#include <new>
#include <utility>

namespace lastbyte {

/// Runs `work`. Returns false if an allocation in it failed, which skipped the rest of it.
template <typename Work>
bool enough_memory_for(Work&& work) {
  try {
    std::forward<Work>(work)();
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

}  // namespace lastbyte
