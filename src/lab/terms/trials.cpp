#include "lab/terms/trials.h"

#include <array>
#include <cstdio>

namespace lastbyte::lab {

std::string options_of(const Trials& trials) {
  std::array<char, 96> text{};
  std::snprintf(text.data(), text.size(), "--requests %u --rate %g --seed %llu", trials.requests, trials.rate * 100,
                static_cast<unsigned long long>(trials.seed));
  return text.data();
}

}  // namespace lastbyte::lab
