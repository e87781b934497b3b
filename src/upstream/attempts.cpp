#include "upstream/attempts.h"

#include <algorithm>

namespace lastbyte::upstream {

std::optional<std::uint32_t> Attempts::next() const {
  if (made >= addresses) return std::nullopt;
  return made;
}

Duration time_for_try(const Attempts& attempts, Duration left) {
  const std::uint32_t remaining = attempts.addresses - std::min(attempts.made, attempts.addresses);
  return std::max(left, Duration{0}) / std::max(remaining, 1U);
}

std::uint32_t source_for(std::uint64_t session_number, std::uint32_t count) {
  return static_cast<std::uint32_t>(session_number % count);
}

}  // namespace lastbyte::upstream
