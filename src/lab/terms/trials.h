// How an experiment that counts is to be played.
#pragma once

#include <cstdint>
#include <string>

namespace lastbyte::lab {

struct Trials {
  std::uint32_t requests = 10'000;  ///< of each system
  double rate = 0.032;              ///< share of the requests that a fault meets
  std::uint64_t seed = 1;           ///< the same plan for the same seed
};

/// As options of `lastbyte lab run`: "--requests 10000 --rate 3.2 --seed 1".
std::string options_of(const Trials& trials);

}  // namespace lastbyte::lab
