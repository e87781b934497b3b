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
  std::optional<std::uint32_t> pid = {};    ///< the process to examine
  bool intrusive = false;                   ///< take the process's descriptors where iterators do not load
  std::chrono::milliseconds window{1'000};  ///< how long the doctor watches counters
  std::chrono::seconds stuck_after{60};
  std::chrono::seconds half_closed_after{3'600};
  std::string enter = {};  ///< Facts::enter
};

/// Takes as long as the window. Fails if the counters cannot be read or the process does not exist. Facts::unread lists
/// what else could not be read.
Result<Facts> collect(const Asked& asked);

}  // namespace lastbyte::doctor
