// The administration's answers as plain data, and the changes between two of them. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace lastbyte::console {

/// One forwarding's counters since the start.
struct ForwardingReading {
  std::uint64_t begun = 0;
  std::map<std::string, std::uint64_t> ended = {};  ///< by ending
  std::array<std::uint64_t, 2> received{};          ///< bytes from clients, from upstreams
};

struct StatusReading {
  std::string version = {};
  std::int64_t pid = 0;
  std::string instance = {};  ///< ID of this run of lastbyte
  std::int64_t uptime_us = 0;
  bool ready = false;
  std::string reason = {};  ///< why it is not alive or not ready
  std::uint64_t open = 0;
  std::map<std::string, ForwardingReading> forwardings = {};  ///< by name
};

struct SessionReading {
  std::uint64_t id = 0;
  std::string forwarding;
  std::string state;
  std::string client;
  std::string upstream;
  std::int64_t age_us = 0;
  std::int64_t idle_us = 0;
  std::optional<std::int64_t> half_close_age_us;
  std::string deadline;
  std::optional<std::int64_t> fires_in_us;
  std::array<std::uint64_t, 2> received{};  ///< bytes from the client, from the upstream
  std::uint64_t unacknowledged = 0;         ///< bytes of both sides
};

struct SessionsReading {
  std::string instance = {};  ///< the run of lastbyte that has these sessions
  std::uint64_t matched = 0;
  std::vector<SessionReading> sessions = {};
};

/// Parses an answer of /v1/status. An error (EPROTO): the text is something else.
Result<StatusReading> parse_status(const std::string& json);
/// Parses an answer of /v1/sessions. Errors as above.
Result<SessionsReading> parse_sessions(const std::string& json);

/// Rates per second, summed over all forwardings that both readings have.
struct Rates {
  double begun = 0;
  double ended = 0;
  std::vector<std::pair<std::string, double>> endings;  ///< the endings that occurred, the most frequent first
  std::array<double, 2> bytes{};                        ///< from clients, from upstreams
};

/// nullopt: the readings are of two processes, or not in the order of time.
std::optional<Rates> rates(const StatusReading& before, const StatusReading& now);

struct SessionRow {
  SessionReading session;
  /// Bytes per second from the client, from the upstream. nullopt: the session was not seen before.
  std::optional<std::array<double, 2>> rate = {};
};

/// `before` is the reading of the same process `elapsed_us` ago; null: there is none. A session that began since then
/// has the rate of its whole life.
std::vector<SessionRow> rows_of(SessionsReading now, const std::vector<SessionRow>* before, std::int64_t elapsed_us);

}  // namespace lastbyte::console
