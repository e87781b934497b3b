// Network interfaces in the namespace of the calling thread, by ioctl(2): netdevice(7).
#pragma once

#include <string>

#include "base/result.h"

namespace lastbyte::wire {

struct InterfaceAddresses {
  std::string own;        ///< IPv4
  std::string netmask;    ///< "255.255.255.255" for a point-to-point device
  std::string peer = {};  ///< of a point-to-point device
};

/// Gives the device its addresses and brings it up. Needs CAP_NET_ADMIN there.
Result<void> set_up(const std::string& device, const InterfaceAddresses& addresses);
/// Brings it up as it is: lo.
Result<void> bring_up(const std::string& device);
/// Takes it down: nothing is sent or received any more.
Result<void> take_down(const std::string& device);
/// The kernel's number of a device; 0: there is none.
unsigned index_of(const std::string& device);

}  // namespace lastbyte::wire
