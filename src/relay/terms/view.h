// The operator's view of an open session at one moment. Plain data.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/address/address.h"
#include "net/tcp/info.h"
#include "relay/terms/phase.h"
#include "relay/terms/record.h"
#include "relay/terms/trail.h"
#include "termination/session.h"

namespace lastbyte::relay {

/// One direction, named after its source. In bytes.
struct FlowView {
  FlowState state = FlowState::open;
  std::uint64_t received = 0;
  std::uint64_t sent = 0;
  std::uint64_t waiting = 0;  ///< in lastbyte, for the sink
  std::uint64_t discarded = 0;
  std::uint64_t unacknowledged = 0;  ///< in the sink's send queue at the last look
};

struct SessionView {
  std::uint64_t id = 0;
  std::shared_ptr<const std::string> forwarding;
  std::shared_ptr<const std::string> listen;
  bool datagrams = false;
  Phase phase = Phase::open;
  net::Address client;
  net::Address upstream;  ///< none(): no upstream was tried yet
  std::string member;     ///< the member of its group that it is connected to or tries; empty: none, or no group
  std::chrono::system_clock::time_point started;
  std::chrono::microseconds age{0};
  std::chrono::microseconds idle{0};
  std::optional<std::chrono::microseconds> half_close_age;  ///< since the first end of a direction
  termination::Deadline deadline = termination::Deadline::none;
  std::optional<std::chrono::microseconds> fires_in;  ///< may be negative for a moment
  std::array<FlowView, 2> flows;

  // Filled only if the detail was requested:
  std::vector<TrailEntry> trail;
  std::array<std::optional<net::TcpInfo>, 2> sockets;  ///< nullopt: no TCP socket is open

  [[nodiscard]] std::uint64_t received() const { return flows[0].received + flows[1].received; }
  [[nodiscard]] std::uint64_t unacknowledged() const { return flows[0].unacknowledged + flows[1].unacknowledged; }
};

/// The begin or end of a session.
struct SessionEvent {
  bool began = false;
  Record record;                       ///< of a begin: only id, names, start and client
  std::vector<TrailEntry> trail = {};  ///< of an end; the record names the limit that passed
};

}  // namespace lastbyte::relay
