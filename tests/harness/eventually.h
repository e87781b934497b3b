// How tests wait: for conditions, never for time.
#pragma once

#include "process/eventually.h"

namespace lastbyte::test {

/// How long a test waits for what must come. It never measures anything.
inline constexpr Duration kPatience{30'000};

/// Returns true as soon as the condition holds; false if it did not hold within `patience`.
template <typename Condition>
bool eventually(Condition&& condition, Duration patience = kPatience) {
  return process::eventually(condition, patience);
}

}  // namespace lastbyte::test
