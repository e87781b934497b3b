// Scenarios over links with delay, loss and reordering: an answer must be rescued on a real network, not only over
// loopback. A link may lose a reset, and a side that only waits would never learn of it. A side that expects a reset
// here therefore goes on sending.
#include <array>

#include "check/scenarios/scenario.h"

namespace lastbyte::check {

std::span<const Scenario> lossy_scenarios() {
  using namespace std::chrono_literals;
  static constexpr auto kTable = std::to_array<Scenario>({
      {.name = "lossy-half-close-client",
       .clause = "T2",
       .title = "Far away: 300 KB up, FIN, 300 KB back",
       .client = "send 300K; shutdown; expect fin",
       .server = "expect fin; send 300K; close",
       .notice = "Half-closed requests over real networks get cut answers.",
       .place = Place::far_away,
       .rounds = 3,
       .slow_rounds = 10,
       .limit = 60s},
      {.name = "lossy-half-close-server",
       .clause = "T2",
       .title = "Far away: 300 KB down, FIN, 300 KB up",
       .client = "expect fin; send 300K; close",
       .server = "send 300K; shutdown; expect fin",
       .notice = "Uploads after the server's FIN are cut over real networks.",
       .place = Place::far_away,
       .rounds = 3,
       .slow_rounds = 10,
       .limit = 60s},
      {.name = "lossy-server-reset-after-data",
       .clause = "T4",
       .title = "Far away: the server resets after 300 KB that were acknowledged",
       .client = "flood by 10 every 50ms | expect reset",
       .server = "send 300K; flush; reset",
       .notice = "Over real networks, a crash destroys data that had arrived before it.",
       .server_wants = {.whole = false},
       .place = Place::far_away,
       .rounds = 3,
       .slow_rounds = 10,
       .limit = 60s},
      {.name = "lossy-client-reset-after-data",
       .clause = "T4",
       .title = "Far away: the client resets after 300 KB that were acknowledged",
       .client = "await here; send 300K; flush; reset",
       .server = "signal here; flood by 10 every 50ms | expect reset",
       .notice = "Over real networks, an aborted upload loses data that had arrived.",
       .client_wants = {.whole = false},
       .place = Place::far_away,
       .rounds = 3,
       .slow_rounds = 10,
       .limit = 60s},
      {.name = "lossy-answer-then-close-unread",
       .clause = "T5",
       .title = "Far away: the server answers 100 KB and closes while the upload goes on",
       .client = "send 4K; flood by 1K every 10ms | read",
       .server = "recv 1K; send 100K; flush; close-unread",
       .notice = "Over real networks, early answers arrive as connection errors.",
       .client_wants = {.sends_may_fail = true},
       .server_wants = {.whole = false},
       .place = Place::far_away,
       .rounds = 5,
       .slow_rounds = 20,
       .limit = 60s},
      {.name = "lossy-answer-and-upload-goes-on",
       .clause = "T6",
       .title = "Far away: the server answers 300 KB with a FIN; the client goes on sending for a while, then ends",
       .client = "send 1K; flood by 1K every 10ms | expect fin; send 64K by 4K every 20ms; close",
       .server = "recv 1K; send 300K; shutdown; flush; close-unread",
       .notice = "Over real networks, answers to clients that are still sending arrive cut.",
       .server_wants = {.whole = false},
       .plain = Plain::may_lose,
       .place = Place::far_away,
       .rounds = 3,
       .slow_rounds = 10,
       .limit = 60s},
  });
  return kTable;
}

}  // namespace lastbyte::check
