// Measures how long a message waits for a worker's loop by sending one from time to time. At most one is in progress
// for each worker.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <vector>

#include "relay/worker/worker.h"

namespace lastbyte::proxy {

class Lag {
 public:
  /// The workers outlive this object, or end before it.
  explicit Lag(const std::vector<std::unique_ptr<relay::Worker>>& workers);

  /// Sends a message to each worker that has answered the last one. For one thread.
  void look();
  /// Returns how long the last message waited, or has waited so far. Any thread.
  [[nodiscard]] std::chrono::nanoseconds of(std::size_t worker) const;

 private:
  struct Watched {
    std::atomic<std::int64_t> asked{0};  ///< time since the clock's epoch; 0: never
    std::atomic<std::int64_t> waited{0};
    std::atomic<bool> under_way{false};
  };

  const std::vector<std::unique_ptr<relay::Worker>>& workers_;
  std::vector<std::shared_ptr<Watched>> watched_;  ///< shared with the messages
};

}  // namespace lastbyte::proxy
