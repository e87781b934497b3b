// Both ends of heartbeat connections as programs: `lastbyte heartbeat serve` and `lastbyte heartbeat probe`.
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.h"
#include "net/address/endpoint.h"

namespace lastbyte::probe {

struct ServeHeartbeats {
  net::Endpoint endpoint;  ///< TCP with one port (0: the kernel chooses), or UNIX
  Duration interval{1000};
  std::optional<std::uint32_t> load_percent = {};  ///< nullopt: the machine's load per processor, over one minute
  bool draining = false;
};

/// Accepts any peer until SIGTERM or SIGINT. SIGUSR1 and SIGUSR2 begin and end draining. It writes its address to
/// standard output and messages to standard error. Returns the exit status: 0, or 1 if it cannot listen.
int serve_heartbeats(const ServeHeartbeats& options);

struct WatchHeartbeats {
  net::Endpoint endpoint;  ///< TCP with one port, or UNIX
  Duration interval{1000};
  Duration timeout{5000};                   ///< to connect, for each address
  std::optional<std::uint64_t> count = {};  ///< ends after this number of confirmed frames
};

/// Writes a line to standard output for each confirmed frame. Returns the exit status: 0 after `count` frames or a
/// signal; 1 if the peer cannot be reached, closes, or is dead.
int watch_heartbeats(const WatchHeartbeats& options);

}  // namespace lastbyte::probe
