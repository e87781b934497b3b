// Where the peers of a run stand.
#pragma once

#include <cstdint>

namespace lastbyte::wire {

enum class Place : std::uint8_t {
  here,      ///< the present network
  own,       ///< a network namespace of its own, in which the kernel gives up on a dead peer after seconds
  far_away,  ///< namespaces joined by links with delay, loss and reordering
};

}  // namespace lastbyte::wire
