// T3: before the upstream is connected.
#include <array>

#include "check/scenarios/scenario.h"

namespace lastbyte::check {

std::span<const Scenario> connecting_scenarios() {
  using namespace std::chrono_literals;
  static constexpr auto kTable = std::to_array<Scenario>({
      {.name = "late-listener",
       .clause = "T3",
       .title = "The client has sent data and FIN before the server can be reached",
       .client = "signal hear; send 10K; shutdown; expect fin",
       .server = "expect fin; send 10K; close",
       .notice = "Requests made while a server starts are lost.",
       .upstream = Upstream::slow_to_hear,
       .rounds = 3,
       .slow_rounds = 10,
       .varied = true},
      {.name = "early-reset",
       .clause = "T3",
       .title = "The client resets before the server can be reached",
       .client = "send 10; flush; reset; signal hear",
       .server = "expect reset",
       .notice = "Servers work for clients that left long ago, and see clean ends that never happened.",
       .server_wants = {.ending = Ending::failure_or_nothing, .whole = false},
       .plain = Plain::no_meaning,
       .upstream = Upstream::slow_to_hear,
       .rounds = 3,
       .slow_rounds = 10},
      {.name = "refused",
       .clause = "T3",
       .title = "Nobody listens at the upstream",
       .client = "read",
       .server = "",
       .notice = "A service that is down looks like one with an empty answer.",
       .client_wants = {.ending = Ending::failure, .whole = false},
       .upstream = Upstream::absent,
       .rounds = 10,
       .slow_rounds = 50,
       .varied = true},
      {.name = "refused-with-data",
       .clause = "T3",
       .title = "Nobody listens at the upstream, and the client has sent a request and a FIN",
       .client = "send 10K; shutdown; read",
       .server = "",
       .notice = "A request to a service that is down gets a clean, empty answer.",
       .client_wants = {.ending = Ending::failure, .whole = false, .sends_may_fail = true},
       .upstream = Upstream::absent,
       .rounds = 10,
       .slow_rounds = 50},
      {.name = "unreachable",
       .clause = "T3",
       .title = "The server never answers a connection attempt",
       .client = "send 10K; shutdown; read",
       .server = "",
       .notice = "Clients of a dead host hang for minutes, or get a clean, empty answer.",
       .client_wants = {.ending = Ending::failure, .whole = false, .sends_may_fail = true},
       .plain = Plain::no_meaning,
       .upstream = Upstream::silent,
       .limit = 90s,
       .slow = true},
  });
  return kTable;
}

}  // namespace lastbyte::check
