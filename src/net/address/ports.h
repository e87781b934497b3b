// Ports as users write them: "80", "8000-8010", "80,8000-8010,443". Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

namespace lastbyte::net {

/// From `first` to `last`, both included.
struct PortRange {
  std::uint16_t first = 0;
  std::uint16_t last = 0;

  [[nodiscard]] std::uint32_t count() const { return last - first + 1U; }
  friend bool operator==(const PortRange&, const PortRange&) = default;
};

/// A list of ports, each once, in the order written.
class Ports {
 public:
  Ports() = default;
  explicit Ports(std::uint16_t only) : ranges_{{only, only}} {}

  /// Accepts ports from `least` (0 or 1) up. 0, "the kernel's choice", must stand alone. The error says what is wrong
  /// and what was expected, without the whole text.
  static tl::expected<Ports, std::string> parse(std::string_view text, std::uint16_t least);

  [[nodiscard]] std::size_t count() const;
  /// Precondition: index < count().
  [[nodiscard]] std::uint16_t at(std::size_t index) const;
  /// The ports as written: text() of parse(t) is t.
  [[nodiscard]] std::string text() const;
  [[nodiscard]] const std::vector<PortRange>& ranges() const { return ranges_; }

  friend bool operator==(const Ports&, const Ports&) = default;

 private:
  std::vector<PortRange> ranges_;
};

}  // namespace lastbyte::net
