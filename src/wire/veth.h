// Connects two network namespaces by a pair of virtual Ethernet devices (veth(4)).
#pragma once

#include <string>

#include "base/result.h"

namespace lastbyte::wire {

struct VethEnd {
  int network = -1;     ///< descriptor of the namespace; the caller keeps it
  std::string device;   ///< the device's name in the namespace, at most 15 characters
  std::string address;  ///< IPv4, in the same /24 as the other end's
};

/// Creates both devices and brings them up. They vanish with their namespaces. Needs CAP_NET_ADMIN in both.
Result<void> join_by_veth(const VethEnd& one, const VethEnd& other);

}  // namespace lastbyte::wire
