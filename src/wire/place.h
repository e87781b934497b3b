// Where the peers of a run are.
#pragma once

#include <cstdint>

namespace lastbyte::wire {

enum class Place : std::uint8_t {
  here,      ///< the current network
  own,       ///< a new network namespace in which the kernel gives up a dead peer after seconds
  far_away,  ///< namespaces connected by links with delay, loss and reordering
};

}  // namespace lastbyte::wire
