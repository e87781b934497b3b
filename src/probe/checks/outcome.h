// The result of a check.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "probe/checks/agent.h"

namespace lastbyte::probe::checks {

struct Outcome {
  bool passed = false;
  /// The member itself reported its state, or was silent for too long: thresholds do not apply.
  bool definite = false;
  std::string detail;  ///< "connected", "HTTP status 503", "connect tcp:10.0.0.1:80: Connection refused (ECONNREFUSED)"
  std::chrono::microseconds took{0};  ///< for a heartbeat: the round trip
  AgentLine agent = {};
  std::optional<bool> draining = {};               ///< as the peer's heartbeat reports it
  std::optional<std::uint32_t> load_percent = {};  ///< as the peer's heartbeat reports it
  std::uint64_t frames = 0;                        ///< heartbeats accepted since the last outcome
  std::uint64_t frames_refused = 0;                ///< heartbeats refused since the last outcome
};

}  // namespace lastbyte::probe::checks
