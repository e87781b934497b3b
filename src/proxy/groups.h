// The groups of upstreams while they run: the probe thread, from the first group on, and what the operator is told of
// names that have no address.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "probe/directory.h"
#include "proxy/listen/groups.h"
#include "proxy/listen/trouble.h"
#include "proxy/process/privileges.h"
#include "upstream/terms/snapshot.h"

namespace lastbyte::proxy {

class Groups {
 public:
  explicit Groups(probe::Directory::Callbacks callbacks) : callbacks_(std::move(callbacks)) {}
  ~Groups();
  Groups(const Groups&) = delete;
  Groups& operator=(const Groups&) = delete;

  /// Names without an address, and what they prevent.
  struct LookedUp {
    Troubles troubles;  ///< nothing may be applied
    Troubles warnings;
  };
  /// Looks up all names that the running groups do not have, at the same time, each for at most Names::timeout. Starts
  /// the probe thread at the first group. Not while apply() runs. A member that runs already only warns.
  LookedUp look_up(const WantedGroups& wanted);

  /// The probe thread gives up what the process has given up.
  Result<void> drop_privileges(const KeptCapabilities& kept);

  /// Goes over to these groups, which look_up() has had without troubles. In the order of `wanted.all`.
  std::vector<probe::SharedSnapshot> apply(const WantedGroups& wanted);

  /// Waits for the first check of each member, at most for kFirstChecks: until then a group with a check serves nobody.
  void await_first_checks() const;
  static constexpr Duration kFirstChecks{3'000};

  /// The newest of the groups that were applied.
  [[nodiscard]] std::vector<probe::SharedSnapshot> snapshots() const;
  /// From a worker: never waits.
  void observe(const upstream::Observation& observation) const noexcept;
  /// For the operator's questions and orders; null: there has never been a group. Any thread.
  [[nodiscard]] probe::Directory* directory() const { return running_.load(std::memory_order_acquire); }

 private:
  Result<void> start();

  probe::Directory::Callbacks callbacks_;
  std::unique_ptr<probe::Directory> directory_;
  std::atomic<probe::Directory*> running_{nullptr};  ///< `directory_`, for other threads
  WantedGroups applied_;
};

}  // namespace lastbyte::proxy
