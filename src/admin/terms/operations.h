// What an operator can learn of the process and have it do. The administration declares it; the daemon implements it.
#pragma once

#include <string>

#include "observe/metrics/snapshot.h"

namespace lastbyte::admin {

struct Health {
  bool alive = true;   ///< every worker answers
  bool ready = true;   ///< clients are accepted, and a stop is not under way
  std::string reason;  ///< why not; empty: both
};

/// Called on the administration's thread. Nothing here waits for another thread.
class Operations {
 public:
  virtual ~Operations() = default;

  [[nodiscard]] virtual Health health() const = 0;
  [[nodiscard]] virtual observe::Snapshot metrics() const = 0;
  /// Called each second.
  virtual void look() = 0;
};

}  // namespace lastbyte::admin
