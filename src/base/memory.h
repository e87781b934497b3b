// Want of memory as a result: the library's allocations throw, and outside of main() nobody catches.
#pragma once

#include <new>
#include <utility>

namespace lastbyte {

/// Does `work`. False: an allocation in it failed, and the rest of it was not done.
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
