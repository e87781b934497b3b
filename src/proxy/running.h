// The workers and all ports that they serve. apply() creates the ports at the start and changes them at a reload: it
// carries out a plan (plan.h). On the control thread; the workers also use relay::Shared.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "admin/terms/operations.h"
#include "base/result.h"
#include "base/time.h"
#include "config/settings/config.h"
#include "proxy/changes.h"
#include "proxy/groups.h"
#include "proxy/leaving.h"
#include "proxy/listen/listeners.h"
#include "proxy/plan.h"
#include "proxy/process/namespaces.h"
#include "proxy/process/privileges.h"
#include "proxy/watch/registry.h"
#include "relay/context/shared.h"
#include "relay/worker/worker.h"

namespace lastbyte::proxy {

class Running {
 public:
  /// Creates the workers and starts nothing. `passed`: sockets of the service manager, kept until the end. `user`: the
  /// user that a root process will become. `tell`: called with a line for the operator about a group's member or a
  /// name. `on_member`: called when a member's state changes; may be null. Both are called on the probe thread.
  static Result<std::unique_ptr<Running>> create(
      unsigned workers, std::vector<PassedSocket> passed, std::optional<FileRights> user,
      std::function<void(std::string)> tell = [](const std::string&) {},
      std::function<void(const probe::MemberChange&)> on_member = {});
  /// The workers must have ended, or never have started.
  ~Running();
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  /// Applies `config`, whose names are resolved. Listening sockets that are still wanted continue without a gap, and
  /// missing ones are bound. Then the workers serve them all. Unwanted sockets are left: they take no new clients, but
  /// serve clients whose handshake is in progress (T15). If anything fails, nothing changes, and all troubles are
  /// returned, with those of the resolution.
  Tried<Changes> apply(const config::Config& config, Resolution resolution, Absent absent = Absent::warn);

  /// Records an operator's order for a forwarding. The next apply() and all later ones carry it out. Returns false if
  /// there is no such forwarding.
  bool order(const std::string& forwarding, admin::Change change);
  [[nodiscard]] admin::Change order_for(const std::string& forwarding) const;
  [[nodiscard]] std::vector<admin::ForwardingFacts> facts() const;

  /// Returns when release() has something to do; nullopt: nothing waits.
  [[nodiscard]] std::optional<TimePoint> next_release() const { return leaving_.next_release(); }
  /// Makes the workers close sockets that were left long enough ago, once their queues are empty.
  void release(TimePoint now);
  /// Makes the descriptors of closed sockets available to sessions again. Call it from time to time.
  void forget_closed();

  /// T15: like Worker::drain(), for all workers. Closes the listening sockets.
  void drain(TimePoint until);
  void abort();
  /// Removes the files of UNIX sockets after a drain. Returns the errors of the removals.
  std::vector<Error> remove_files();

  /// Call it after drop_privileges(): the process has no capabilities except `kept` any more. An error means that they
  /// are not enough. The value contains what may not work now, for the operator.
  Tried<Troubles> privileges_dropped(const KeptCapabilities& kept);

  /// The configuration as applied.
  [[nodiscard]] const config::Config& config() const { return plan_.config; }
  [[nodiscard]] const std::vector<Bound>& bound() const { return bound_; }
  [[nodiscard]] const std::vector<std::unique_ptr<relay::Worker>>& workers() const { return workers_; }
  relay::Shared& shared() { return shared_; }
  /// For the whole process. Any thread.
  [[nodiscard]] std::uint32_t max_sessions() const { return shared_.max_sessions; }
  /// Opens the namespaces and root directories of `config` and looks up its names, including those of groups that do
  /// not run yet. Blocks as long as the resolver does. Any thread, but one at a time, and not while apply() runs.
  Resolution resolve(const config::Config& config);
  /// The groups of upstreams, for the operator's questions and orders.
  [[nodiscard]] const Groups& groups() const { return *groups_; }
  /// Updates the snapshots in bound(). Returns whether any has changed.
  bool refresh_snapshots();
  /// The figures of all forwardings. Any thread.
  [[nodiscard]] const Registry& figures() const { return *figures_; }
  [[nodiscard]] std::uint64_t descriptor_limit() const { return descriptor_limit_; }

 private:
  Running() = default;
  template <typename Ports>
  Tried<Troubles> prepare_upstreams(const Ports& ports);
  [[nodiscard]] Result<std::uint32_t> sessions_for(const Plan& plan) const;
  [[nodiscard]] bool lacks_privileges() const;
  [[nodiscard]] unsigned worker_count() const { return static_cast<unsigned>(workers_.size()); }
  [[nodiscard]] Standing standing(NamesBefore names) const;
  void tell_workers();
  void serve_groups();
  void update_workers(const probe::SharedSnapshot& snapshot);

  relay::Shared shared_;  ///< outlives the workers
  Insides insides_;
  std::unique_ptr<Registry> figures_;
  std::vector<std::unique_ptr<relay::Worker>> workers_;
  std::unique_ptr<Groups> groups_;  ///< must end before the workers, to which it sends snapshots
  WantedGroups wanted_;             ///< of the configuration in force
  std::vector<PassedSocket> passed_;
  std::optional<FileRights> user_;
  std::uint64_t descriptor_limit_ = 0;
  std::optional<KeptCapabilities> kept_;                   ///< nullopt: privileges have not been dropped
  Plan plan_;                                              ///< as applied
  std::unordered_map<std::string, admin::Change> orders_;  ///< by forwarding; all others are enabled
  std::vector<Bound> bound_;
  Leaving leaving_;
  std::vector<std::shared_ptr<net::SocketFile>> files_;  ///< of sockets that were listened on before the drain
};

}  // namespace lastbyte::proxy
