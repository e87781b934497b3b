// The PROXY header that lastbyte sends to an upstream ahead of the client's bytes.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace lastbyte::relay {

/// A header on its way. It waits for the upstream like the client's bytes, although no client sent it.
struct Preface {
  std::string text;      ///< the whole header; empty: not made yet
  std::size_t sent = 0;  ///< bytes of it that the upstream's socket has taken
  bool owed = false;     ///< the upstream is connected, and is to have all of it

  [[nodiscard]] bool waits() const { return owed && sent < text.size(); }
  [[nodiscard]] std::span<const std::byte> rest() const {
    return std::as_bytes(std::span(std::string_view(text).substr(sent)));
  }
  /// The upstream takes nothing any more.
  void give_up() { text.resize(sent); }
};

}  // namespace lastbyte::relay
