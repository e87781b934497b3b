// Waiting in tests: for conditions, never for time.
#pragma once

#include "process/eventually.h"

namespace lastbyte::test {

/// How long a test waits for what must come; it is never the measure of anything.
inline constexpr Duration kPatience{30'000};

/// True once the condition holds; false when it did not within `patience`.
template <typename Condition>
bool eventually(Condition&& condition, Duration patience = kPatience) {
  return process::eventually(condition, patience);
}

}  // namespace lastbyte::test
