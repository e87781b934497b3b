// The daemon's side of the administration (admin/terms/operations.h).
#pragma once

#include <memory>

#include "admin/http/server.h"
#include "admin/terms/operations.h"
#include "observe/log/record_log.h"
#include "proxy/control.h"
#include "proxy/process/operator_log.h"
#include "proxy/running.h"
#include "proxy/watch/lag.h"
#include "proxy/watch/vitals.h"

namespace lastbyte::proxy {

/// Runs on the administration's thread. It reaches the control thread and the workers by mail.
class DaemonOperations final : public admin::Operations {
 public:
  /// All of them outlive this object.
  struct Parts {
    Running& running;
    Control& control;
    Vitals& vitals;
    OperatorLog& messages;
    admin::Server& server;
    const observe::RecordLog& log;
  };
  explicit DaemonOperations(Parts parts);

  [[nodiscard]] const std::string& instance() const override { return instance_; }
  [[nodiscard]] admin::Health health() const override;
  [[nodiscard]] observe::Snapshot metrics() const override;
  [[nodiscard]] std::uint64_t open_sessions() const override { return sum_of(relay::Count::open); }
  [[nodiscard]] std::vector<admin::ForwardingFacts> forwardings() const override { return parts_.vitals.forwardings(); }
  [[nodiscard]] std::vector<admin::GroupFacts> groups() const override;
  [[nodiscard]] std::string configuration() const override { return parts_.vitals.configuration(); }
  [[nodiscard]] std::string reload_failure() const override { return parts_.vitals.failure(); }
  [[nodiscard]] config::LogLevel log_level() const override { return parts_.messages.level(); }
  void set_log_level(config::LogLevel level) override { parts_.messages.set_level(level); }
  [[nodiscard]] std::size_t workers() const override { return parts_.running.workers().size(); }
  void look(std::size_t worker, std::shared_ptr<const relay::Look> look) override;
  void end_sessions(std::size_t worker, std::shared_ptr<const relay::EndOrder> order) override;
  [[nodiscard]] Duration drain_time() const override { return parts_.vitals.drain_time(); }
  void change_forwarding(const std::string& name, admin::Change change,
                         std::function<void(Result<void>)> done) override;
  Result<void> change_member(const std::string& group, const std::string& member, admin::Change change) override;
  void follow_sessions(bool wanted) override;
  void take_events(const std::function<void(const relay::SessionEvent&)>& session,
                   const std::function<void(const admin::Happening&)>& other) override;
  [[nodiscard]] std::uint64_t events_dropped() const override { return sum_of(relay::Count::events_dropped); }
  void on_own_thread(std::function<void()> work) override { parts_.server.post(std::move(work)); }
  void each_second() override { lag_.look(); }

 private:
  void add_groups(observe::Snapshot& snapshot) const;
  /// Returns the sum over all workers.
  [[nodiscard]] std::uint64_t sum_of(relay::Count count) const;

  Parts parts_;
  std::string instance_;
  Lag lag_;
};

}  // namespace lastbyte::proxy
