// What is running: the workers, and every port that they serve. The start makes it out of nothing, a reload out of what
// is there, both by apply(). On the control thread, but for what it says of its Shared.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "config/settings/config.h"
#include "proxy/changes.h"
#include "proxy/listen/listeners.h"
#include "proxy/process/namespaces.h"
#include "proxy/process/privileges.h"
#include "relay/context/shared.h"
#include "relay/worker/worker.h"

namespace lastbyte::proxy {

class Running {
 public:
  /// Makes the workers and starts nothing. `passed`: from the service manager, kept for good. `user`: whom a root
  /// process will become.
  static Result<std::unique_ptr<Running>> create(unsigned workers, std::vector<PassedSocket> passed,
                                                 std::optional<FileRights> user);
  /// The workers must have ended, or never have begun.
  ~Running();
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  /// Goes over to `config`, whose names are resolved. What is listened on already and still wanted goes on without a
  /// gap; the rest is bound anew; then the workers serve all that, and what is no longer wanted is left: nobody new
  /// comes, and who was on the way is served (T15). Where anything cannot be had, nothing has changed: all of that,
  /// with the troubles of the resolution.
  Tried<Changes> apply(const config::Config& config, Resolution resolution, Absent absent = Absent::warn);

  /// When release() has something to do; nullopt: nothing is being left.
  [[nodiscard]] std::optional<TimePoint> next_release() const;
  /// Closes what was left long enough ago, once its queue is empty.
  void release(TimePoint now);
  /// Descriptors that the workers have closed since then can be had by sessions again. To be called now and then.
  void forget_closed();

  /// T15: as Worker::drain(), of all; the listening sockets are closed.
  void drain(TimePoint until);
  void abort();
  /// After a drain: removes the files of UNIX sockets. What could not be removed.
  std::vector<Error> remove_files();

  /// To be called after drop_privileges(): all but `kept` are given up for good.
  /// An error: what is left does not suffice. Returned is what may not work now, for the operator.
  Tried<Troubles> privileges_dropped(const KeptCapabilities& kept);

  /// As it was applied.
  [[nodiscard]] const config::Config& config() const { return config_; }
  [[nodiscard]] const std::vector<Bound>& bound() const { return bound_; }
  [[nodiscard]] const std::vector<std::unique_ptr<relay::Worker>>& workers() const { return workers_; }
  relay::Shared& shared() { return shared_; }
  /// For resolve_all(). What it opens belongs to what holds it.
  Insides& insides() { return insides_; }
  [[nodiscard]] std::uint64_t descriptor_limit() const { return descriptor_limit_; }

 private:
  /// A port that nobody new comes to, served until the handshakes under way are over.
  struct Left {
    Bound bound;
    TimePoint until;
  };

  /// By the name of a forwarding that is to be: the name that it has now, where it goes on from one.
  using Names = std::unordered_map<std::string, std::string>;

  /// A place that the workers let go of by themselves, once nobody needs it.
  struct Fading {
    WantedPlace as;
    net::Address address;
    std::vector<std::weak_ptr<const Descriptor>> per_worker;
  };

  Running() = default;
  [[nodiscard]] Names names_before(const config::Config& config) const;
  template <typename Ports>
  Tried<Troubles> settle(const Ports& ports);
  void keep_identity(std::vector<Resolved>& resolved) const;
  [[nodiscard]] Result<std::uint32_t> sessions_for(const config::Config& config, std::size_t listening) const;
  [[nodiscard]] std::size_t closing_descriptors() const;
  [[nodiscard]] Troubles check_capabilities(const config::Config& config) const;
  [[nodiscard]] Standing standing(Names names) const;
  [[nodiscard]] Troubles explained(Troubles troubles) const;
  void hand_on_counts(std::vector<Bound>& bound, const Names& names) const;
  void take_back();
  std::vector<Error> leave(const std::vector<Bound>& before);
  void part_with_newcomers(std::size_t known);
  void fade(const Place& place);
  void post();

  relay::Shared shared_;  ///< outlives the workers
  Insides insides_;
  std::vector<std::unique_ptr<relay::Worker>> workers_;
  std::vector<PassedSocket> passed_;
  std::optional<FileRights> user_;
  std::uint64_t descriptor_limit_ = 0;
  std::optional<KeptCapabilities> kept_;  ///< nullopt: nothing has been dropped
  config::Config config_;
  std::size_t listening_ = 0;  ///< descriptors for what is listened on
  std::vector<Bound> bound_;
  std::vector<Left> left_;
  std::vector<Fading> fading_;
  std::vector<std::shared_ptr<net::SocketFile>> files_;  ///< of what was listened on before the drain
};

}  // namespace lastbyte::proxy
