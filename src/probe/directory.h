// probe: names, health checks and heartbeats of upstream groups, on a thread of its own. This file: the groups, from
// their settings to the snapshots that workers use.
//
// Theory of operation. One thread owns all state. It never blocks: getaddrinfo(3) runs on helper threads, everything
// else is asynchronous. Whatever changes what a worker may do (addresses, health, an operator's order) makes a new
// snapshot of that group. Workers report how sessions ended through a bounded queue without locks, and wait for
// nothing. Callers on other threads wait until the probe thread has taken their order, which takes no I/O.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "probe/status.h"
#include "upstream/terms/snapshot.h"

namespace lastbyte::probe {

using Groups = std::vector<std::shared_ptr<const upstream::Group>>;
using SharedSnapshot = std::shared_ptr<const upstream::Snapshot>;

/// A member's name that has no address.
struct Unknown {
  std::size_t group = 0;   ///< its place in the Groups
  std::size_t member = 0;  ///< its place in Group::members
  Error error;
};

/// An operator's order for a member.
enum class Action : std::uint8_t {
  enable,   ///< takes drain and disable back, and ends an ejection
  drain,    ///< no new sessions
  disable,  ///< no new sessions, no checks, and the old sessions are reset
};

class Directory {
 public:
  /// All are called on the probe thread, and must not wait for it.
  struct Callbacks {
    /// After each change, never for an apply(), which returns its snapshots. The two may cross: of two snapshots of a
    /// group the one with the greater generation counts.
    std::function<void(SharedSnapshot)> on_snapshot;
    /// One line for the operator: a member changed its state, or a name its addresses.
    std::function<void(std::string)> on_message;
    /// Beside the message. May be null.
    std::function<void(const MemberChange&)> on_member = {};
  };

  /// Starts the thread, which takes no signals and knows no group.
  static Result<std::unique_ptr<Directory>> start(Callbacks callbacks);
  /// Ends the thread. Does not wait for a look-up that is under way.
  ~Directory();
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  // From the control thread.

  /// Looks up, all at once, the names of `groups` that no applied group has, and waits for the answers until
  /// `deadline`. Returns each name without an address; the answers are kept for the next apply(). Groups that run do
  /// not change.
  std::vector<Unknown> first_lookups(const Groups& groups, TimePoint deadline);

  /// Goes over to these groups. Returns their snapshots in the same order. A group is known again by its name (a
  /// nameless one by its members), a member by its endpoint as written: it keeps its Figures, health, ejection, orders
  /// and addresses. Does not wait for look-ups: call first_lookups() before.
  std::vector<SharedSnapshot> apply(const Groups& groups);

  /// Waits until no member of an applied group is `starting` any more, or for the deadline. A group whose members are
  /// all starting serves nobody: to be called before the first client comes.
  void await_first_checks(TimePoint deadline);

  /// Calls a function on the probe thread and waits for it: for what each thread has to do by itself, such as to drop
  /// privileges. A look-up that is under way keeps those of before.
  Result<void> on_thread(const std::function<Result<void>()>& function);

  // From any thread but a worker.

  /// Those of now, in the order of the last apply().
  [[nodiscard]] std::vector<SharedSnapshot> snapshots() const;
  [[nodiscard]] std::vector<GroupStatus> status() const;
  [[nodiscard]] Counters counters() const;
  [[nodiscard]] Tally tally() const;
  /// `member`: as MemberStatus::name. An error: there is no such group or member.
  Result<void> act(std::string_view group, std::string_view member, Action action);

  // From any thread.

  /// Never waits. False: the queue is full, and the observation was dropped and counted.
  bool observe(const upstream::Observation& observation) noexcept;

 private:
  class Impl;
  explicit Directory(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lastbyte::probe
