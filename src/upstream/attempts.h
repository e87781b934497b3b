// upstream: where to connect and when to try again. This file: the tries of one session. Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.h"

namespace lastbyte::upstream {

/// The tries of one session to reach its upstream: each address once, in the resolver's order.
struct Attempts {
  std::uint32_t made = 0;       ///< tries begun
  std::uint32_t addresses = 1;  ///< how many there are

  /// Which address to try next; nullopt: all have been tried (T3: the client is then reset).
  [[nodiscard]] std::optional<std::uint32_t> next() const;
};

/// How long a try may take that begins now: an equal share of what is left for all that are left, so that an address
/// that swallows SYNs cannot use up the time of those behind it. Never negative.
Duration time_for_try(const Attempts& attempts, Duration left);

/// Which of `count` source addresses a session takes: in turn, so that each destination's ports are spent evenly (T13).
/// Precondition: count > 0.
std::uint32_t source_for(std::uint64_t session_number, std::uint32_t count);

}  // namespace lastbyte::upstream
