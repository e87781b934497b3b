// A scenario: one way for a connection to end, as data. It says what both peers do and what each must observe. The
// tables are in scenarios_*.cpp. A new scenario takes about ten lines there.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "wire/place.h"

namespace lastbyte::check {

using wire::Place;

/// How one side's observations are graded.
enum class Ending : std::uint8_t {
  as_scripted,         ///< every step of its script must succeed, especially the `expect` steps
  failure,             ///< the side must learn of a failure: a reset, an error, or no connection at all; never a FIN
  failure_or_nothing,  ///< for a server: it must learn of a failure, or never accept a connection
};

struct Wanted {
  Ending ending = Ending::as_scripted;
  bool whole = true;            ///< the side must receive everything that the other side's script sends
  bool sends_may_fail = false;  ///< the side's own send, flood, flush and shutdown steps may fail
  bool bounded = false;         ///< while nobody reads, the side must not send more than kernel and proxy may hold (T9)
};

/// The state of the server when the client connects.
enum class Upstream : std::uint8_t {
  listening,
  slow_to_hear,  ///< ignores connection attempts until the client's script raises the flag "hear". Over plain TCP,
                 ///< where no script runs before the connection, it ignores them for 200 ms
  silent,        ///< ignores connection attempts for ever
  absent,        ///< nobody listens: the connection is refused
};

/// The result expected of plain TCP between the same two peers, without a proxy.
enum class Plain : std::uint8_t {
  holds,       ///< plain TCP must pass; if it fails, this machine cannot grade the scenario and skips it
  may_lose,    ///< plain TCP may fail: a proxy can do better
  no_meaning,  ///< the scenario is about the proxy itself
};

/// The side that closes first, for scenarios that look for TIME_WAIT (T13).
enum class FirstToClose : std::uint8_t { not_watched, client, server };

/// What the scenario needs of the target.
enum class Needs : std::uint8_t { nothing, process, two_of_them };

/// Other clients beside the graded one. The server plays the same script with them.
struct Crowd {
  std::uint32_t count = 0;
  std::string_view client = {};
  bool stays = false;  ///< true: connected before the graded client, until it has left; false: gone before
};

struct Scenario {
  std::string_view name = {};
  std::string_view clause = {};  ///< a clause of docs/contract.md
  std::string_view title = {};
  std::string_view client = {};  ///< a script, see peers/script.h
  std::string_view server = {};
  std::string_view notice = {};  ///< what a user notices if the scenario fails
  Wanted client_wants = {};
  Wanted server_wants = {};
  Plain plain = Plain::holds;
  Upstream upstream = Upstream::listening;
  Place place = Place::here;
  Needs needs = Needs::nothing;
  std::uint32_t rounds = 1;       ///< all must pass; 1: no chance is involved, or a round takes long
  std::uint32_t slow_rounds = 0;  ///< with --slow; 0: the same number
  std::uint32_t sessions = 1;     ///< at once; all are graded
  Crowd crowd = {};
  FirstToClose first_to_close = FirstToClose::not_watched;
  bool watch_memory = false;   ///< the proxy may grow by no more than kMemoryMost
  bool watch_sockets = false;  ///< the proxy may hold no more sockets afterwards than before
  bool stops = false;          ///< asked to stop at the flag "up"; "stopped" is raised once it no longer listens
  bool varied = false;         ///< also played over UNIX sockets and with PROXY protocol headers, see variant.h
  Duration limit{10'000};      ///< for each peer's script
  bool slow = false;           ///< only with --slow
  bool alone = false;          ///< loads the machine: nothing else runs at the same time
};

/// The memory, in KiB, by which a proxy may grow, and which it may hold for a session whose reader does not read.
inline constexpr std::uint64_t kMemoryMost = 16 * 1024;

/// Returns all scenarios, in the order of the contract's clauses. Pure; always the same.
const std::vector<Scenario>& scenarios();
/// Returns nullptr if no scenario has that name.
const Scenario* find_scenario(std::string_view name);

/// The tables.
std::span<const Scenario> half_close_scenarios();
std::span<const Scenario> connecting_scenarios();
std::span<const Scenario> reset_scenarios();
std::span<const Scenario> refusal_scenarios();
std::span<const Scenario> load_scenarios();
std::span<const Scenario> lossy_scenarios();

}  // namespace lastbyte::check
