#include "peers/payload.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace lastbyte::peers {
namespace {

constexpr std::size_t kWord = sizeof(std::uint64_t);

/// splitmix64: one pseudo-random word for each index.
std::uint64_t word(std::uint64_t seed, std::uint64_t index) {
  std::uint64_t mixed = (seed << 32) + index * 0x9e3779b97f4a7c15;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
  return mixed ^ (mixed >> 31);
}

}  // namespace

void Payload::fill(std::uint64_t position, std::span<std::byte> out) const {
  std::byte* to = out.data();
  std::size_t left = out.size();
  while (left > 0) {
    const std::uint64_t noise = word(seed_, position / kWord);
    const std::size_t skip = position % kWord;
    const std::size_t count = std::min(kWord - skip, left);
    std::array<std::byte, kWord> bytes{};
    std::memcpy(bytes.data(), &noise, kWord);
    std::memcpy(to, bytes.data() + skip, count);
    to += count;
    left -= count;
    position += count;
  }
}

std::optional<std::size_t> Payload::first_wrong(std::uint64_t position, std::span<const std::byte> bytes) const {
  std::array<std::byte, 4096> expected;
  for (std::size_t done = 0; done < bytes.size();) {
    const std::size_t count = std::min(expected.size(), bytes.size() - done);
    fill(position + done, std::span(expected).first(count));
    if (std::memcmp(expected.data(), bytes.data() + done, count) != 0) {
      const auto differ = std::mismatch(expected.begin(), expected.end(), bytes.data() + done);
      return done + static_cast<std::size_t>(differ.first - expected.begin());
    }
    done += count;
  }
  return std::nullopt;
}

}  // namespace lastbyte::peers
