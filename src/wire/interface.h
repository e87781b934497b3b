// Configures network interfaces in the calling thread's namespace by ioctl(2): netdevice(7).
#pragma once

#include <string>

#include "base/result.h"

namespace lastbyte::wire {

struct InterfaceAddresses {
  std::string own;        ///< IPv4
  std::string netmask;    ///< "255.255.255.255" for a point-to-point device
  std::string peer = {};  ///< the other end of a point-to-point device
};

/// Gives the device its addresses and brings it up. Needs CAP_NET_ADMIN there.
Result<void> set_up(const std::string& device, const InterfaceAddresses& addresses);
/// Brings the device up without changing its addresses; for lo.
Result<void> bring_up(const std::string& device);
/// Takes the device down: it no longer sends or receives.
Result<void> take_down(const std::string& device);
/// Returns the kernel's index of a device; 0: there is none.
unsigned index_of(const std::string& device);

}  // namespace lastbyte::wire
