// peers: scripted peers, which end connections well or badly on purpose and report what they saw. This file: what peers
// send, so that a receiver knows every byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace lastbyte::peers {

/// An endless stream whose byte at a position depends on the seed and the position alone: bytes that are lost,
/// repeated, swapped or changed do not go unseen. Pure.
class Payload {
 public:
  explicit Payload(std::uint64_t seed) : seed_(seed) {}

  /// The bytes from `position` on.
  void fill(std::uint64_t position, std::span<std::byte> out) const;
  /// Index of the first of `bytes` that is not the stream's from `position` on; nullopt: all are right.
  [[nodiscard]] std::optional<std::size_t> first_wrong(std::uint64_t position, std::span<const std::byte> bytes) const;

 private:
  std::uint64_t seed_;
};

}  // namespace lastbyte::peers
