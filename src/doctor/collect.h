// Reads the facts of a host, or of a network namespace.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/result.h"
#include "doctor/rules/facts.h"

namespace lastbyte::doctor {

struct Asked {
  int network = -1;                         ///< the namespace's descriptor; -1: the caller's
  std::optional<std::uint32_t> pid = {};    ///< the process to look at
  bool intrusive = false;                   ///< take descriptors of it where iterators do not load
  std::chrono::milliseconds window{1'000};  ///< how long counters are watched
  std::chrono::seconds stuck_after{60};
  std::chrono::seconds half_closed_after{3'600};
  std::string enter = {};  ///< Facts::enter
};

/// Waits for the window. Fails where the counters cannot be read, or there is no such process; what else cannot be read
/// is in Facts::unread.
Result<Facts> collect(const Asked& asked);

}  // namespace lastbyte::doctor
