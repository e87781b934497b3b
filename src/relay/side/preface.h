// The PROXY header that lastbyte sends to an upstream ahead of the client's bytes.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace lastbyte::relay {

/// A header being sent. It waits for the upstream like the client's bytes, although no client sent it.
struct Preface {
  std::string text;      ///< the whole header; empty: not made yet
  std::size_t sent = 0;  ///< bytes of it that the upstream's socket has accepted
  bool owed = false;     ///< the upstream is connected and must get all of it

  [[nodiscard]] bool waits() const { return owed && sent < text.size(); }
  [[nodiscard]] std::span<const std::byte> rest() const {
    return std::as_bytes(std::span(std::string_view(text).substr(sent)));
  }
  /// Called when the upstream accepts no more bytes.
  void give_up() { text.resize(sent); }
};

}  // namespace lastbyte::relay
