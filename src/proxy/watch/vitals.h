// What the control thread makes available to other threads. Any thread.
#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <vector>

#include "admin/terms/operations.h"
#include "base/time.h"
#include "observe/metrics/snapshot.h"

namespace lastbyte::proxy {

class Vitals {
 public:
  enum class Stage {
    starting,
    serving,
    leaving,   ///< a stop was requested; clients are accepted for shutdown-delay
    draining,  ///< a stop was requested; no client is accepted
  };

  void enter(Stage stage) { stage_ = stage; }
  [[nodiscard]] Stage stage() const { return stage_; }

  /// Records the start or a reload. `failure`: why it changed nothing; empty: it succeeded.
  void loaded(std::string failure);
  [[nodiscard]] observe::ReloadSnapshot reload() const;
  /// Returns the error of the last reload; empty: it succeeded.
  [[nodiscard]] std::string failure() const;

  /// Sets what is served now.
  void serves(std::vector<admin::ForwardingFacts> forwardings, std::string configuration, Duration drain);
  [[nodiscard]] std::vector<admin::ForwardingFacts> forwardings() const;
  [[nodiscard]] std::string configuration() const;
  [[nodiscard]] Duration drain_time() const;

  /// Adds an event. If no one takes the events, the oldest are dropped.
  void happened(admin::Happening happening);
  std::vector<admin::Happening> take_happenings();

  void set_ports(std::vector<observe::PortsSnapshot> ports);
  [[nodiscard]] std::vector<observe::PortsSnapshot> ports() const;

 private:
  std::atomic<Stage> stage_{Stage::starting};
  mutable std::mutex mutex_;
  observe::ReloadSnapshot reload_;
  bool started_ = false;
  std::string failure_;
  std::vector<observe::PortsSnapshot> ports_;
  std::vector<admin::ForwardingFacts> forwardings_;
  std::string configuration_;
  Duration drain_{0};
  std::vector<admin::Happening> happenings_;
};

}  // namespace lastbyte::proxy
