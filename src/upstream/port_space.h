// How full the space of local ports towards a destination is, and when that is worth a word (T13). Pure.
#pragma once

#include <cstdint>

namespace lastbyte::upstream {

/// A connection is told from all others to its destination by its source address and source port alone.
struct PortSpace {
  std::uint64_t in_use = 0;     ///< sockets towards the destination, TIME_WAIT included
  std::uint64_t available = 0;  ///< ports, times source addresses

  /// 0 to 100, and more where others use ports outside of the range; 100 where there are none at all.
  [[nodiscard]] std::uint64_t percent() const;
};

/// Ports times source addresses. `addresses`: those whose port the kernel chooses; without any, it chooses the address
/// too, and that is one. `fixed`: sources whose port is given; each makes one connection at a time.
std::uint64_t ports_available(std::uint64_t ports, std::uint64_t addresses, std::uint64_t fixed);

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
