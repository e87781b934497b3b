// upstream: where to connect and when to try again. This file: the attempts of one session. Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.h"

namespace lastbyte::upstream {

/// The attempts of one session to reach its upstream: each address once, in the resolver's order.
struct Attempts {
  std::uint32_t made = 0;       ///< attempts begun
  std::uint32_t addresses = 1;  ///< number of addresses

  /// Returns the address to try next. nullopt: every address has been tried (T3: the client is then reset).
  [[nodiscard]] std::optional<std::uint32_t> next() const;
};

/// Returns the time limit of an attempt that begins now: an equal share of `left` for each remaining address. An
/// address that swallows SYNs thus cannot use up the time of those behind it. Never negative.
Duration time_for_try(const Attempts& attempts, Duration left);

/// Returns which of `count` source addresses a session takes. Sessions take them in turn, so that they use up each
/// destination's ports evenly (T13). Precondition: count > 0.
std::uint32_t source_for(std::uint64_t session_number, std::uint32_t count);

}  // namespace lastbyte::upstream
