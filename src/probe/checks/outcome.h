// What a check has found.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "probe/checks/agent.h"

namespace lastbyte::probe::checks {

struct Outcome {
  bool passed = false;
  /// The member said itself how it is, or was silent for too long: no threshold counts.
  bool definite = false;
  std::string detail;  ///< "connected", "HTTP status 503", "connect tcp:10.0.0.1:80: Connection refused (ECONNREFUSED)"
  std::chrono::microseconds took{0};  ///< of a heartbeat: the round trip
  AgentLine agent = {};
  std::optional<bool> draining = {};               ///< a heartbeat's word
  std::optional<std::uint32_t> load_percent = {};  ///< likewise
  std::uint64_t frames = 0;                        ///< heartbeats taken since the last outcome
  std::uint64_t frames_refused = 0;                ///< likewise
};

}  // namespace lastbyte::probe::checks
