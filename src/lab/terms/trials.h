// How to run an experiment that counts.
#pragma once

#include <cstdint>
#include <string>

namespace lastbyte::lab {

struct Trials {
  std::uint32_t requests = 10'000;  ///< for each system
  double rate = 0.032;              ///< share of the requests that have a fault
  std::uint64_t seed = 1;           ///< equal seeds give equal plans
};

/// Returns the options of `lastbyte lab run`: "--requests 10000 --rate 3.2 --seed 1".
std::string options_of(const Trials& trials);

}  // namespace lastbyte::lab
