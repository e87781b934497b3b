// The daemon as the administration sees it (admin/terms/operations.h).
#pragma once

#include <memory>

#include "admin/terms/operations.h"
#include "observe/log/record_log.h"
#include "proxy/running.h"
#include "proxy/watch/lag.h"
#include "proxy/watch/vitals.h"

namespace lastbyte::proxy {

class DaemonOperations final : public admin::Operations {
 public:
  /// All outlive it. `log`: null where no log is kept.
  struct Parts {
    const Running& running;
    const Vitals& vitals;
    const observe::RecordLog* log = nullptr;
  };
  explicit DaemonOperations(Parts parts) : parts_(parts), lag_(parts.running.workers()) {}

  [[nodiscard]] admin::Health health() const override;
  [[nodiscard]] observe::Snapshot metrics() const override;
  void look() override { lag_.look(); }

 private:
  Parts parts_;
  Lag lag_;
};

}  // namespace lastbyte::proxy
