// XXH64 of a byte stream, as xxhsum(1) prints it by default. It compares the bytes that two peers saw, however they
// were split into reads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace lastbyte {

class Checksum {
 public:
  Checksum();
  void add(std::span<const std::byte> bytes);
  void add(std::span<const char> bytes) { add(std::as_bytes(bytes)); }
  [[nodiscard]] std::uint64_t value() const;
  /// 16 hexadecimal digits; "ef46db3751d8e999" for an empty stream.
  [[nodiscard]] std::string text() const;

 private:
  struct State;
  struct Free {
    void operator()(State* state) const;
  };
  std::unique_ptr<State, Free> state_;
};

}  // namespace lastbyte
