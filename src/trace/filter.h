// Which events are told. Pure.
#pragma once

#include <cstdint>

#include "base/time.h"
#include "kernel/reset/event.h"
#include "trace/options.h"

namespace lastbyte::trace {

bool is_reset(kernel::EventKind kind);

/// `network`: the inode of the only namespace of interest; 0: all.
bool passes(const Filter& filter, std::uint32_t network, const kernel::TcpEvent& event);

/// At most `rate` events in each second; 0: all.
class RateLimit {
 public:
  explicit RateLimit(std::uint32_t rate) : rate_(rate) {}

  bool allows(TimePoint now);
  /// How many were refused since the last time this was asked.
  [[nodiscard]] std::uint64_t take_refused();

 private:
  std::uint32_t rate_;
  TimePoint begin_ = {};
  std::uint32_t used_ = 0;
  std::uint64_t refused_ = 0;
};

}  // namespace lastbyte::trace
