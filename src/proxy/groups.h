// The groups of upstreams in operation: the probe thread, which starts with the first group, and the messages about
// names without an address.
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

  /// Names without an address, and their consequences.
  struct LookedUp {
    Troubles troubles;  ///< the configuration cannot be applied
    Troubles warnings;
  };
  /// Looks up all names that the running groups do not have, at the same time, each for at most Names::timeout. The
  /// first group starts the probe thread. Do not call it while apply() runs. A name of a running member only causes a
  /// warning.
  LookedUp look_up(const WantedGroups& wanted);

  /// Drops on the probe thread the privileges that the process has dropped.
  Result<void> drop_privileges(const KeptCapabilities& kept);

  /// Applies these groups. look_up() must have accepted them. Returns the snapshots in the order of `wanted.all`.
  std::vector<probe::SharedSnapshot> apply(const WantedGroups& wanted);

  /// Waits for the first check of each member, at most for kFirstChecks. Until then, a group with a check serves no
  /// session.
  void await_first_checks() const;
  static constexpr Duration kFirstChecks{3'000};

  /// Returns the newest snapshots of the applied groups.
  [[nodiscard]] std::vector<probe::SharedSnapshot> snapshots() const;
  /// For workers: never waits.
  void observe(const upstream::Observation& observation) const noexcept;
  /// For the operator's questions and orders; null: there was never a group. Any thread.
  [[nodiscard]] probe::Directory* directory() const { return running_.load(std::memory_order_acquire); }

 private:
  Result<void> start();

  probe::Directory::Callbacks callbacks_;
  std::unique_ptr<probe::Directory> directory_;
  std::atomic<probe::Directory*> running_{nullptr};  ///< `directory_`, for other threads
  WantedGroups applied_;
};

}  // namespace lastbyte::proxy
