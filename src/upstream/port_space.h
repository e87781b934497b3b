// How full the space of local ports towards a destination is, and when that is worth a word (T13). Pure.
#pragma once

#include <cstdint>
#include <span>

#include "net/address/ports.h"
#include "net/address/source.h"

namespace lastbyte::upstream {

/// A connection is told from all others to its destination by its source address and source port alone.
struct PortSpace {
  std::uint64_t in_use = 0;     ///< sockets towards the destination, TIME_WAIT included
  std::uint64_t available = 0;  ///< ports, times source addresses

  /// 0 to 100, and more where others use ports outside of the range; 100 where there are none at all.
  [[nodiscard]] std::uint64_t percent() const;
};

/// The ports that connections from these sources can have, with `range`: net.ipv4.ip_local_port_range. Without a source
/// the kernel chooses the address, and that is one.
std::uint64_t ports_available(const net::PortRange& range, std::span<const net::Source> sources);

/// Warns once above kHigh, and again only after it was below kLow: no word for each time it crosses one line.
class PortAlarm {
 public:
  static constexpr std::uint64_t kHigh = 80;  ///< percent
  static constexpr std::uint64_t kLow = 70;

  /// True: the operator is to be told now.
  bool rings(const PortSpace& space);
  [[nodiscard]] bool is_raised() const { return raised_; }

 private:
  bool raised_ = false;
};

}  // namespace lastbyte::upstream
