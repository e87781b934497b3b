#include "upstream/port_space.h"

#include <utility>

namespace lastbyte::upstream {

std::uint64_t PortSpace::percent() const { return available == 0 ? 100 : in_use * 100 / available; }

std::uint64_t ports_available(std::uint64_t ports, std::uint64_t addresses, std::uint64_t fixed) {
  const bool kernel_chooses_both = addresses == 0 && fixed == 0;
  return ports * (kernel_chooses_both ? 1 : addresses) + fixed;
}

bool PortAlarm::rings(const PortSpace& space) {
  const std::uint64_t percent = space.percent();
  if (percent < kLow) raised_ = false;
  return percent > kHigh && !std::exchange(raised_, true);
}

}  // namespace lastbyte::upstream
