// Checks a promise of a fuzz target. A broken promise ends the program, and libFuzzer keeps the input.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace lastbyte::fuzz {

inline void require(bool holds, const char* promise) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", promise);
  std::abort();
}

}  // namespace lastbyte::fuzz
