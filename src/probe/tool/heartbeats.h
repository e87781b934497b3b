// Both ends of heartbeat connections as programs: `lastbyte heartbeat serve` and `lastbyte heartbeat probe`.
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.h"
#include "net/address/endpoint.h"

namespace lastbyte::probe {

struct ServeHeartbeats {
  net::Endpoint endpoint;  ///< TCP with one port (0: the kernel's choice), or UNIX
  Duration interval{1000};
  std::optional<std::uint32_t> load_percent =
      {};  ///< nullopt: the machine's load of the last minute for each processor
  bool draining = false;
};

/// Answers everybody who connects, until SIGTERM or SIGINT; SIGUSR1 and SIGUSR2 begin and end draining. Writes to
/// standard output where it listens, and its messages to standard error. The result is the exit status: 0, or 1 where
/// it cannot listen.
int serve_heartbeats(const ServeHeartbeats& options);

struct WatchHeartbeats {
  net::Endpoint endpoint;  ///< TCP with one port, or UNIX
  Duration interval{1000};
  Duration timeout{5000};                   ///< to connect, for each address
  std::optional<std::uint64_t> count = {};  ///< ends after so many frames that were confirmed
};

/// Writes a line to standard output for each frame that is heard. The result is the exit status: 0 after `count` frames
/// or a signal, 1 where the peer cannot be reached, closes, or is dead.
int watch_heartbeats(const WatchHeartbeats& options);

}  // namespace lastbyte::probe
