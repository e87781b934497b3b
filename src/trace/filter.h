// Decides which events to print. Pure.
#pragma once

#include <cstdint>

#include "base/time.h"
#include "kernel/reset/event.h"
#include "trace/options.h"

namespace lastbyte::trace {

bool is_reset(kernel::EventKind kind);

/// `network` is the inode of the only namespace to print; 0: all.
bool passes(const Filter& filter, std::uint32_t network, const kernel::TcpEvent& event);

/// Allows at most `rate` events in each second; 0: all.
class RateLimit {
 public:
  explicit RateLimit(std::uint32_t rate) : rate_(rate) {}

  bool allows(TimePoint now);
  /// Returns the number of events refused since the last call.
  [[nodiscard]] std::uint64_t take_refused();

 private:
  std::uint32_t rate_;
  TimePoint begin_ = {};
  std::uint32_t used_ = 0;
  std::uint64_t refused_ = 0;
};

}  // namespace lastbyte::trace
