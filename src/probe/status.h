// What an operator can learn of upstream groups: their members, names and checks, and what the probe thread has
// counted.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "net/address/address.h"
#include "probe/dns/counts.h"
#include "upstream/terms/snapshot.h"

namespace lastbyte::probe {

using WallTime = std::chrono::system_clock::time_point;

/// The last check of a member that has ended.
struct CheckStatus {
  WallTime at;
  bool passed = false;
  std::string detail;                              ///< "connected", "HTTP status 503", "connect: Connection refused"
  std::chrono::microseconds took{0};               ///< of a heartbeat: the round trip
  std::optional<std::uint32_t> load_percent = {};  ///< what a heartbeat told
};

/// The last look-up of a name that has ended.
struct LookupStatus {
  std::string name;
  WallTime at;                       ///< of the last look-up
  std::optional<Duration> ttl = {};  ///< that the answer told; `resolver: system` tells none
  Duration next{0};                  ///< from `at` to the next look-up
  std::string error = {};            ///< empty: it was answered
  bool stale = false;                ///< the addresses are those of an earlier answer
};

struct MemberStatus {
  std::string name;  ///< upstream::SnapshotMember::name
  upstream::State state = upstream::State::up;
  std::string reason;  ///< of the state, for an operator; empty: it never changed
  WallTime since;
  std::uint32_t weight = 1;
  std::vector<net::Address> addresses;  ///< of the first port
  std::optional<CheckStatus> check = {};
  std::optional<LookupStatus> lookup = {};
  std::uint32_t ejections = 0;  ///< in a row
};

struct GroupStatus {
  std::string name;
  std::uint64_t id = 0;
  std::uint64_t generation = 0;
  std::vector<MemberStatus> members;
};

/// A member of a named group has changed its state.
struct MemberChange {
  std::string group;
  std::string member;
  upstream::State state = upstream::State::up;
  std::string reason;
  WallTime at;
};

/// Of one member of a named group, counted since the start and over reloads. They never go back.
struct MemberCounts {
  std::string group;
  std::string member;
  std::uint64_t checks_passed = 0;
  std::uint64_t checks_failed = 0;
  std::uint64_t ejections = 0;
  std::uint64_t began = 0;   ///< sessions
  std::uint64_t failed = 0;  ///< tries that did not connect
};

/// Counted since the start; they never go back.
struct Counters {
  std::uint64_t lookups = 0;
  std::uint64_t lookups_failed = 0;
  std::uint64_t checks = 0;
  std::uint64_t checks_failed = 0;
  std::uint64_t ejections = 0;
  std::uint64_t observations = 0;
  std::uint64_t observations_dropped = 0;  ///< the queue was full
  std::uint64_t observations_late = 0;     ///< of a snapshot that is no longer known
  std::uint64_t heartbeats = 0;            ///< frames that were taken
  std::uint64_t heartbeats_refused = 0;    ///< oversized, malformed, replayed or stalled
  std::uint64_t out_of_memory = 0;         ///< times that the probe thread could not finish what it was doing
};

/// All that is counted, at one moment.
struct Tally {
  Counters counters;
  std::vector<MemberCounts> members;
  std::vector<dns::NameCounts> names;
};

}  // namespace lastbyte::probe
