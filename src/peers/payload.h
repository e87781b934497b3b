// peers: scripted peers, which end connections well or badly on purpose and report what they saw. This file: the data
// that peers send; the receiver knows every byte of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace lastbyte::peers {

/// An endless stream. Each byte depends only on the seed and its position, so a receiver notices bytes that are lost,
/// repeated, swapped or changed. Pure.
class Payload {
 public:
  explicit Payload(std::uint64_t seed) : seed_(seed) {}

  /// Writes the bytes from `position` on to `out`.
  void fill(std::uint64_t position, std::span<std::byte> out) const;
  /// Compares `bytes` with the stream from `position` on. Returns the index of the first wrong byte; nullopt: all are
  /// right.
  [[nodiscard]] std::optional<std::size_t> first_wrong(std::uint64_t position, std::span<const std::byte> bytes) const;

 private:
  std::uint64_t seed_;
};

}  // namespace lastbyte::peers
