// XXH64 of a stream of bytes, as xxhsum(1) prints it by default: what was sent and what arrived can be compared.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace lastbyte::sock {

class Checksum {
 public:
  Checksum();
  void add(std::span<const char> bytes);
  [[nodiscard]] std::uint64_t value() const;
  /// 16 hexadecimal digits; "ef46db3751d8e999" for no bytes at all.
  [[nodiscard]] std::string text() const;

 private:
  struct State;
  struct Free {
    void operator()(State* state) const;
  };
  std::unique_ptr<State, Free> state_;
};

}  // namespace lastbyte::sock
