// How many of the local ports towards a destination are in use, and when to warn the operator (T13). Pure.
#pragma once

#include <cstdint>
#include <span>

#include "net/address/ports.h"
#include "net/address/source.h"

namespace lastbyte::upstream {

/// Connections to one destination differ only by source address and source port.
struct PortSpace {
  std::uint64_t in_use = 0;     ///< sockets towards the destination, TIME_WAIT included
  std::uint64_t available = 0;  ///< ports, times source addresses

  /// 0 to 100; above 100 if other sockets use ports outside of the range; 100 if there are no ports at all.
  [[nodiscard]] std::uint64_t percent() const;
};

/// The number of ports available to connections from these sources. `range` is net.ipv4.ip_local_port_range. Without a
/// source the kernel chooses the address, which counts as one.
std::uint64_t ports_available(const net::PortRange& range, std::span<const net::Source> sources);

/// Warns once above kHigh, and again only after usage has fallen below kLow, so that usage around one threshold does
/// not repeat the warning.
class PortAlarm {
 public:
  static constexpr std::uint64_t kHigh = 80;  ///< percent
  static constexpr std::uint64_t kLow = 70;

  /// Returns true if the operator should be warned now.
  bool rings(const PortSpace& space);
  [[nodiscard]] bool is_raised() const { return raised_; }

 private:
  bool raised_ = false;
};

}  // namespace lastbyte::upstream
