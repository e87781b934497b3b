#include "upstream/port_space.h"

#include <utility>

namespace lastbyte::upstream {

std::uint64_t PortSpace::percent() const { return available == 0 ? 100 : in_use * 100 / available; }

std::uint64_t ports_available(const net::PortRange& range, std::span<const net::Source> sources) {
  if (sources.empty()) return range.count();
  std::uint64_t sum = 0;
  for (const net::Source& each : sources) sum += each.is_fixed() ? 1 : each.ports.value_or(range).count();
  return sum;
}

bool PortAlarm::rings(const PortSpace& space) {
  const std::uint64_t percent = space.percent();
  if (percent < kLow) raised_ = false;
  return percent > kHigh && !std::exchange(raised_, true);
}

}  // namespace lastbyte::upstream
