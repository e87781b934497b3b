// resilience: which fault meets which request. This file: the plan, from a seed. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "lab/terms/trials.h"

namespace lastbyte::lab::resilience {

enum class Fault : std::uint8_t {
  none,
  refused,       ///< the first server does not listen
  restart,       ///< the first server resets the request that it has read, and is away for the next ones
  vanished,      ///< the first server's host swallows SYNs
  reset_before,  ///< a server reads the request and resets
  reset_within,  ///< a server resets after half of its answer
  stalled,       ///< a server reads the request and sends nothing
  early_answer,  ///< a server answers before it has read the whole request, and closes with unread input
  half_close,    ///< no fault of a server: the client ends its request with a FIN and waits for the answer
};

struct Named {
  Fault fault;
  std::string_view name;
  std::string_view why;  ///< why such a request can end badly
};

inline constexpr auto kFaults = std::to_array<Named>({
    {Fault::none, "no fault", "the request had no fault"},
    {Fault::refused, "refused", "there is no other server, or none is tried"},
    {Fault::restart, "restart", "a sent request is not repeated; later ones have no other server"},
    {Fault::vanished, "vanished", "no other server is tried in time"},
    {Fault::reset_before, "reset before the answer", "a sent request is not repeated"},
    {Fault::reset_within, "reset within the answer",
     "the client has a part of the answer, which another server's answer cannot follow"},
    {Fault::stalled, "stalled",
     "a server that hangs looks like a slow one; a time limit ends the request, and nothing saves it"},
    {Fault::early_answer, "early answer", "the failed write of the request hides the answer that has arrived"},
    {Fault::half_close, "half-close", "the proxy takes the end of the request for the end of the session"},
});
// kFaults is in the order of the enum.
static_assert(kFaults[static_cast<std::size_t>(Fault::half_close)].fault == Fault::half_close);
inline constexpr std::size_t kKinds = kFaults.size() - 1;  ///< without none

struct Planned {
  Fault fault = Fault::none;
  bool begins = false;  ///< restart: this request is reset
  bool ends = false;    ///< restart: the server is back after this request
};

/// Plans one entry per request. A share `rate` of the requests has a fault. Each kind is equally frequent and occurs at
/// least once; a restart takes kRestartLength requests in a row. If there are too few requests, the last events are
/// left out.
inline constexpr std::size_t kRestartLength = 3;
std::vector<Planned> plan(const Trials& trials);

}  // namespace lastbyte::lab::resilience
