// probe: names, health checks and heartbeats of upstream groups, on their own thread. This file: the groups, from their
// settings to the snapshots for the workers.
//
// Theory of operation. One thread owns all state. It never blocks: getaddrinfo(3) runs on helper threads, and
// everything else is asynchronous. If a change affects the workers (addresses, health, an operator's order), the thread
// makes a new snapshot of the group. Workers report how sessions ended through a bounded, lock-free queue and wait for
// nothing. Callers on other threads wait until the probe thread has executed their call, which takes no I/O.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "probe/socket/place.h"
#include "probe/status.h"
#include "upstream/terms/snapshot.h"

namespace lastbyte::probe {

/// A group, and where its checks connect.
struct PlacedGroup {
  PlacedGroup(std::shared_ptr<const upstream::Group> of, Place at = {})
      : settings(std::move(of)), place(std::move(at)) {}

  std::shared_ptr<const upstream::Group> settings;
  Place place;
};

using Groups = std::vector<PlacedGroup>;
using SharedSnapshot = std::shared_ptr<const upstream::Snapshot>;

/// A member's name that has no address.
struct Unknown {
  std::size_t group = 0;   ///< index in Groups
  std::size_t member = 0;  ///< index in Group::members
  Error error;
};

/// An operator's order for a member.
enum class Action : std::uint8_t {
  enable,   ///< revokes drain and disable, and ends an ejection
  drain,    ///< allows no new sessions
  disable,  ///< allows no new sessions and no checks, and resets the open sessions
};

class Directory {
 public:
  /// The callbacks run on the probe thread and must not wait for it.
  struct Callbacks {
    /// Called after each change except apply(), which returns its snapshots. The two may arrive in either order: the
    /// snapshot with the greater generation is the valid one.
    std::function<void(SharedSnapshot)> on_snapshot;
    /// One line for the operator: a member's state or a name's addresses changed.
    std::function<void(std::string)> on_message;
    /// Called together with the message. May be null.
    std::function<void(const MemberChange&)> on_member = {};
  };

  /// Starts the thread. It blocks all signals and has no groups yet.
  static Result<std::unique_ptr<Directory>> start(Callbacks callbacks);
  /// Ends the thread. Does not wait for a look-up in progress.
  ~Directory();
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  // For the control thread.

  /// Looks up, all at once, the names in `groups` that no applied group has, and waits for the answers until
  /// `deadline`. Returns each name without an address. The answers are kept for the next apply(). Applied groups do not
  /// change.
  std::vector<Unknown> first_lookups(const Groups& groups, TimePoint deadline);

  /// Replaces the groups with these. Returns their snapshots in the same order. A known group or member keeps its
  /// Figures, health, ejection, orders and addresses. A group is known by its name (without a name, by its members), a
  /// member by its endpoint as written. Does not wait for look-ups: call first_lookups() before.
  std::vector<SharedSnapshot> apply(const Groups& groups);

  /// Waits until no member of an applied group is `starting`, or until the deadline. Call it before the first client is
  /// accepted: a group whose members are all starting serves no session.
  void await_first_checks(TimePoint deadline);

  /// Runs a function on the probe thread and waits for it. It is for operations that each thread must do itself, such
  /// as dropping privileges. A look-up in progress keeps the old privileges.
  Result<void> on_thread(const std::function<Result<void>()>& function);

  // For any thread except workers.

  /// Returns the current snapshots, in the order of the last apply().
  [[nodiscard]] std::vector<SharedSnapshot> snapshots() const;
  [[nodiscard]] std::vector<GroupStatus> status() const;
  [[nodiscard]] Counters counters() const;
  [[nodiscard]] Tally tally() const;
  /// `member`: as MemberStatus::name. An error means that there is no such group or member.
  Result<void> act(std::string_view group, std::string_view member, Action action);

  // For any thread.

  /// Never waits. Returns false if the queue is full; the observation is then dropped and counted.
  bool observe(const upstream::Observation& observation) noexcept;

 private:
  class Impl;
  explicit Directory(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lastbyte::probe
