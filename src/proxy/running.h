// The workers, and every port that they serve. The start makes them out of nothing, a reload out of what is there, both
// by apply(), which carries out a plan (plan.h). On the control thread; relay::Shared is the workers' too.
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
  /// Makes the workers and starts nothing. `passed`: from the service manager, kept until the end. `user`: whom a root
  /// process will become.
  /// `tell`: one line for the operator about a member of a group or a name. `on_member`: a member has changed its
  /// state; may be null. Both are called on the probe thread.
  static Result<std::unique_ptr<Running>> create(
      unsigned workers, std::vector<PassedSocket> passed, std::optional<FileRights> user,
      std::function<void(std::string)> tell = [](const std::string&) {},
      std::function<void(const probe::MemberChange&)> on_member = {});
  /// The workers must have ended, or never have begun.
  ~Running();
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  /// Goes over to `config`, whose names are resolved. Listening sockets that are still wanted go on without a gap, and
  /// the missing ones are bound. Then the workers serve them all, and sockets that are no longer wanted are left: they
  /// take no new clients, and clients on their way are served (T15). If anything cannot be had, nothing changes, and
  /// all troubles are returned, with those of the resolution.
  Tried<Changes> apply(const config::Config& config, Resolution resolution, Absent absent = Absent::warn);

  /// An operator's order for a forwarding, which the next apply() carries out, and every one after it. False: there is
  /// no such forwarding.
  bool order(const std::string& forwarding, admin::Change change);
  [[nodiscard]] admin::Change order_for(const std::string& forwarding) const;
  [[nodiscard]] std::vector<admin::ForwardingFacts> facts() const;

  /// When release() has something to do; nullopt: nothing waits.
  [[nodiscard]] std::optional<TimePoint> next_release() const { return leaving_.next_release(); }
  /// Has the workers close sockets that were left long enough ago, once their queues are empty.
  void release(TimePoint now);
  /// Gives the descriptors that the workers have closed since then to sessions again. To be called now and then.
  void forget_closed();

  /// T15: as Worker::drain(), of all; the listening sockets are closed.
  void drain(TimePoint until);
  void abort();
  /// After a drain: removes the files of UNIX sockets. Returns those that could not be removed.
  std::vector<Error> remove_files();

  /// To be called after drop_privileges(): the process has no capabilities but `kept` any more. An error: they do
  /// not suffice. The value: what may not work now, for the operator.
  Tried<Troubles> privileges_dropped(const KeptCapabilities& kept);

  /// As it was applied.
  [[nodiscard]] const config::Config& config() const { return plan_.config; }
  [[nodiscard]] const std::vector<Bound>& bound() const { return bound_; }
  [[nodiscard]] const std::vector<std::unique_ptr<relay::Worker>>& workers() const { return workers_; }
  relay::Shared& shared() { return shared_; }
  /// Of the whole process. From any thread.
  [[nodiscard]] std::uint32_t max_sessions() const { return shared_.max_sessions; }
  /// Opens the namespaces and root directories of `config` and looks up its names, those of groups that do not run yet
  /// included. Blocks for as long as the resolver does. From any one thread, not while apply() runs.
  Resolution resolve(const config::Config& config);
  /// The groups of upstreams, for the operator's questions and orders.
  [[nodiscard]] const Groups& groups() const { return *groups_; }
  /// Brings the snapshots in bound() up to date. True: any is another.
  bool refresh_snapshots();
  /// The figures of all forwardings. From any thread.
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
  std::unique_ptr<Groups> groups_;  ///< ends before the workers, which it sends snapshots
  WantedGroups wanted_;             ///< those of the configuration in force
  std::vector<PassedSocket> passed_;
  std::optional<FileRights> user_;
  std::uint64_t descriptor_limit_ = 0;
  std::optional<KeptCapabilities> kept_;                   ///< nullopt: nothing has been dropped
  Plan plan_;                                              ///< as it was applied
  std::unordered_map<std::string, admin::Change> orders_;  ///< by forwarding; those that are not here are enabled
  std::vector<Bound> bound_;
  Leaving leaving_;
  std::vector<std::shared_ptr<net::SocketFile>> files_;  ///< of what was listened on before the drain
};

}  // namespace lastbyte::proxy
