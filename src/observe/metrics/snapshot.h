// The figures of one moment, for metrics and the administration. Plain data.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "relay/terms/counters.h"
#include "relay/terms/figures.h"

namespace lastbyte::observe {

struct TimesSnapshot {
  std::array<std::uint64_t, relay::kBounds + 1> buckets{};  ///< not cumulative; the last one is +Inf
  std::uint64_t sum_us = 0;

  [[nodiscard]] std::uint64_t count() const;
};

struct MemberSnapshot {
  std::string name;  ///< the member's name or address; "none": sessions that tried no upstream; "other": members beyond
                     ///< the limit
  std::array<std::uint64_t, relay::kEndingWords.size()> ended{};
};

/// One forwarding, summed over all workers.
struct ForwardingSnapshot {
  std::string name;
  std::array<std::uint64_t, relay::kPlaces.back()> cells{};
  std::vector<MemberSnapshot> members;
  std::array<TimesSnapshot, relay::kTimings.size()> times;

  /// Returns the cells of a family, in the order of its labels' words; the last label changes fastest.
  [[nodiscard]] std::span<const std::uint64_t> of(relay::Family family) const;
  [[nodiscard]] const TimesSnapshot& of(relay::Timing timing) const { return times[static_cast<std::size_t>(timing)]; }
};

/// Reads the cells one by one while the workers continue. Any thread.
ForwardingSnapshot snapshot_of(const relay::ForwardingFigures& figures);

struct WorkerSnapshot {
  std::array<std::uint64_t, relay::kCounts.size()> counts{};
  double cpu_seconds = 0;
  double lag_seconds = 0;  ///< how long the worker's last mail waited, or has waited so far

  /// Returns how the worker sends, in the words of the setting `io`.
  [[nodiscard]] std::string_view io() const {
    return counts[static_cast<std::size_t>(relay::Count::rings)] == 0 ? "epoll" : "io-uring";
  }
};

struct PortsSnapshot {
  std::string destination;
  std::uint64_t in_use = 0;  ///< sockets to this destination, including those in TIME_WAIT
  std::uint64_t time_wait = 0;
  std::uint64_t available = 0;
};

/// The figures that Prometheus' client libraries report for every process.
struct ProcessSnapshot {
  double cpu_seconds = 0;
  double start_seconds = 0;  ///< since the epoch
  std::uint64_t open_descriptors = 0;
  std::uint64_t most_descriptors = 0;
  std::uint64_t virtual_bytes = 0;
  std::uint64_t resident_bytes = 0;
  std::uint64_t threads = 0;
};

struct ReloadSnapshot {
  bool successful = true;         ///< the last reload succeeded, or none has happened since the start
  double successful_seconds = 0;  ///< time of the last successful reload, since the epoch
  std::uint64_t succeeded = 0;
  std::uint64_t failed = 0;
};

/// The possible states of a group's member (upstream/terms/snapshot.h).
inline constexpr std::array<std::string_view, 6> kMemberStates = {"up",      "starting", "down",
                                                                  "ejected", "draining", "disabled"};

struct GroupSnapshot {
  std::string name;
  std::uint64_t waiting = 0;                                  ///< sessions in the group's queue
  std::array<std::uint64_t, kMemberStates.size()> members{};  ///< number of members in each state

  /// `state` must be one of kMemberStates.
  void count_member(std::string_view state);
};

/// A present member of a group.
struct PresentMember {
  std::string group;
  std::string member;
  bool up = false;
  std::uint64_t sessions = 0;
};

/// A member's counts since the start. The group may no longer have this member.
struct MemberCounts {
  std::string group;
  std::string member;
  std::uint64_t began = 0;
  std::uint64_t failed = 0;
  std::uint64_t checks_passed = 0;
  std::uint64_t checks_failed = 0;
  std::uint64_t ejections = 0;
};

/// A host name that lastbyte looks up.
struct NameSnapshot {
  std::string name;
  std::uint64_t found = 0;
  std::uint64_t failed = 0;
  std::optional<std::uint64_t> addresses = {};  ///< number of known addresses; nullopt: nothing uses the name now
  std::optional<double> found_seconds = {};     ///< time of the last look-up that found an address, since the epoch
};

/// The counts of the probe thread.
struct ProbeSnapshot {
  std::uint64_t observations_dropped = 0;
  std::uint64_t heartbeats = 0;
  std::uint64_t heartbeats_refused = 0;
};

struct Snapshot {
  std::string version;
  std::vector<ForwardingSnapshot> forwardings;
  std::vector<WorkerSnapshot> workers;
  std::vector<GroupSnapshot> groups;
  std::vector<PresentMember> members;
  std::vector<MemberCounts> member_counts;
  std::vector<NameSnapshot> names;
  ProbeSnapshot probe;
  std::vector<PortsSnapshot> ports;
  ProcessSnapshot process;
  ReloadSnapshot reload;
  std::uint64_t max_sessions = 0;
  std::uint64_t records_lost = 0;  ///< records that could not be written
};

}  // namespace lastbyte::observe
