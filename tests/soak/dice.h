// Random draws that are the same everywhere for the same seed; the standard library's distributions are not.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace lastbyte::soak {

/// splitmix64.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15;
    std::uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    return mixed ^ (mixed >> 31);
  }
  /// From 0 to `end` - 1; `end` is not 0.
  std::uint64_t below(std::uint64_t end) { return next() % end; }
  /// Both included.
  std::uint64_t between(std::uint64_t least, std::uint64_t most) { return least + below(most - least + 1); }
  bool in_a_thousand(std::uint64_t times) { return below(1000) < times; }
  bool percent(std::uint64_t times) { return below(100) < times; }
  template <typename T, std::size_t N>
  const T& one_of(const std::array<T, N>& all) {
    return all[below(N)];
  }
  /// An index, each as often as its weight says.
  template <std::size_t N>
  std::size_t weighted(const std::array<std::uint32_t, N>& weights) {
    std::uint64_t sum = 0;
    for (const std::uint32_t each : weights) sum += each;
    std::uint64_t left = below(sum);
    std::size_t index = 0;
    while (left >= weights[index]) left -= weights[index++];
    return index;
  }

 private:
  std::uint64_t state_;
};

}  // namespace lastbyte::soak
