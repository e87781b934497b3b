// One way for a connection to end, as data: what both peers do, and what must come of it. The tables are in
// scenarios_*.cpp; to add one, write ten lines there.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "wire/place.h"

namespace lastbyte::check {

using wire::Place;

/// How one side's view is graded.
enum class Ending : std::uint8_t {
  as_scripted,         ///< every step of its script went as written, the `expect` ones above all
  failure,             ///< it must learn of a failure: a reset, an error, no connection at all; never a FIN
  failure_or_nothing,  ///< for a server: a failure, or it was never connected to
};

struct Wanted {
  Ending ending = Ending::as_scripted;
  bool whole = true;            ///< received everything that the other side's script sends
  bool sends_may_fail = false;  ///< its own send, flood, flush and shutdown steps may; the other side then knows
  bool bounded = false;         ///< while nobody reads it could get rid of no more than kernel and proxy may hold (T9)
};

/// Where the server is when the client connects.
enum class Upstream : std::uint8_t {
  listening,
  slow_to_hear,  ///< swallows connection attempts until the client's script raises the flag "hear"; for plain TCP,
                 ///< where there is no script before there is a connection, for 200 ms
  silent,        ///< swallows them for ever
  absent,        ///< nobody listens: refused
};

/// The behaviour of plain TCP between the same two peers, without a proxy.
enum class Plain : std::uint8_t {
  holds,       ///< it passes; where it does not, this machine cannot grade, and the scenario is skipped
  may_lose,    ///< it may fail: a proxy can do better than no proxy
  no_meaning,  ///< the scenario is about the proxy itself
};

/// The side that closes first, for scenarios that look for TIME_WAIT (T13).
enum class FirstToClose : std::uint8_t { not_watched, client, server };

/// Needed of what is tested.
enum class Needs : std::uint8_t { nothing, process, two_of_them };

/// Other clients around the one that is graded. The server plays the same script with them.
struct Crowd {
  std::uint32_t count = 0;
  std::string_view client = {};
  bool stays = false;  ///< connected before the graded client comes, and there until it has gone; else gone before
};

struct Scenario {
  std::string_view name = {};
  std::string_view clause = {};  ///< of docs/contract.md
  std::string_view title = {};
  std::string_view client = {};  ///< script, see peers/script.h
  std::string_view server = {};
  std::string_view notice = {};  ///< what a user notices where it fails
  Wanted client_wants = {};
  Wanted server_wants = {};
  Plain plain = Plain::holds;
  Upstream upstream = Upstream::listening;
  Place place = Place::here;
  Needs needs = Needs::nothing;
  std::uint32_t rounds = 1;       ///< each must pass; 1: only what no luck decides, or what takes long
  std::uint32_t slow_rounds = 0;  ///< with --slow; 0: as many as without
  std::uint32_t sessions = 1;     ///< at once, all graded
  Crowd crowd = {};
  FirstToClose first_to_close = FirstToClose::not_watched;
  bool watch_memory = false;   ///< the proxy may grow by no more than kMemoryMost
  bool watch_sockets = false;  ///< afterwards it holds no more sockets than before
  bool stops = false;          ///< asked to stop at the flag "up"; "stopped" is raised when it no longer listens
  bool varied = false;         ///< also played over UNIX sockets and with PROXY protocol headers, see variant.h
  Duration limit{10'000};      ///< for each peer's script
  bool slow = false;           ///< only with --slow
  bool alone = false;          ///< it loads the machine: nothing else runs meanwhile
};

/// Kibibytes that a proxy may grow by, and may hold of a session whose reader does not read.
inline constexpr std::uint64_t kMemoryMost = 16 * 1024;

/// All of them, in the order of the contract's clauses. Pure; the same each time.
const std::vector<Scenario>& scenarios();
/// nullptr: there is none of that name.
const Scenario* find_scenario(std::string_view name);

/// The tables.
std::span<const Scenario> half_close_scenarios();
std::span<const Scenario> connecting_scenarios();
std::span<const Scenario> reset_scenarios();
std::span<const Scenario> refusal_scenarios();
std::span<const Scenario> load_scenarios();
std::span<const Scenario> lossy_scenarios();

}  // namespace lastbyte::check
