// The status of upstream groups for operators: members, names and checks, and the counters of the probe thread.
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

/// The last completed check of a member.
struct CheckStatus {
  WallTime at;
  bool passed = false;
  std::string detail;                              ///< "connected", "HTTP status 503", "connect: Connection refused"
  std::chrono::microseconds took{0};               ///< for a heartbeat: the round trip
  std::optional<std::uint32_t> load_percent = {};  ///< as a heartbeat reported it
};

/// The last completed look-up of a name.
struct LookupStatus {
  std::string name;
  WallTime at;                       ///< the end of the look-up
  std::optional<Duration> ttl = {};  ///< of the answer; `resolver: system` reports none
  Duration next{0};                  ///< from `at` to the next look-up
  std::string error = {};            ///< empty: the name was answered
  bool stale = false;                ///< the addresses come from an earlier answer
};

struct MemberStatus {
  std::string name;  ///< upstream::SnapshotMember::name
  upstream::State state = upstream::State::up;
  std::string reason;  ///< why the state changed, for an operator; empty: it never changed
  WallTime since;
  std::uint32_t weight = 1;
  std::vector<net::Address> addresses;  ///< for the first port
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

/// A change of state of a member in a named group.
struct MemberChange {
  std::string group;
  std::string member;
  upstream::State state = upstream::State::up;
  std::string reason;
  WallTime at;
};

/// The counts of one member of a named group, since the start and over reloads. They never decrease.
struct MemberCounts {
  std::string group;
  std::string member;
  std::uint64_t checks_passed = 0;
  std::uint64_t checks_failed = 0;
  std::uint64_t ejections = 0;
  std::uint64_t began = 0;   ///< sessions
  std::uint64_t failed = 0;  ///< attempts that did not connect
};

/// Counts since the start. They never decrease.
struct Counters {
  std::uint64_t lookups = 0;
  std::uint64_t lookups_failed = 0;
  std::uint64_t checks = 0;
  std::uint64_t checks_failed = 0;
  std::uint64_t ejections = 0;
  std::uint64_t observations = 0;
  std::uint64_t observations_dropped = 0;  ///< the queue was full
  std::uint64_t observations_late = 0;     ///< of a snapshot that is no longer known
  std::uint64_t heartbeats = 0;            ///< accepted frames
  std::uint64_t heartbeats_refused = 0;    ///< oversized, malformed, replayed or stalled
  std::uint64_t out_of_memory = 0;         ///< operations that the probe thread could not finish
};

/// All counts at one moment.
struct Tally {
  Counters counters;
  std::vector<MemberCounts> members;
  std::vector<dns::NameCounts> names;
};

}  // namespace lastbyte::probe
