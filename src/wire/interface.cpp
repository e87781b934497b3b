#include "wire/interface.h"

#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "base/descriptor.h"
#include "net/address/address.h"

namespace lastbyte::wire {
namespace {

ifreq named(const std::string& device) {
  ifreq request{};
  std::memcpy(request.ifr_name, device.data(), std::min(device.size(), sizeof request.ifr_name - 1));
  return request;
}

Descriptor any_socket() { return Descriptor(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)); }

bool set_address(int socket, unsigned long what, const std::string& device, const std::string& ip) {
  if (ip.empty()) return true;
  ifreq request = named(device);
  const auto address = *net::Address::parse(ip, 0);
  std::memcpy(&request.ifr_addr, address.data(), sizeof request.ifr_addr);
  return ::ioctl(socket, what, &request) == 0;
}

}  // namespace

Result<void> bring_up(const std::string& device) {
  const Descriptor socket = any_socket();
  ifreq request = named(device);
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  if (::ioctl(socket.get(), SIOCSIFFLAGS, &request) != 0) return failure_from_errno("bring up " + device);
  return {};
}

Result<void> take_down(const std::string& device) {
  const Descriptor socket = any_socket();
  ifreq request = named(device);
  if (::ioctl(socket.get(), SIOCSIFFLAGS, &request) != 0) return failure_from_errno("take down " + device);
  return {};
}

Result<void> set_up(const std::string& device, const InterfaceAddresses& addresses) {
  const Descriptor socket = any_socket();
  const bool set = set_address(socket.get(), SIOCSIFADDR, device, addresses.own) &&
                   set_address(socket.get(), SIOCSIFDSTADDR, device, addresses.peer) &&
                   set_address(socket.get(), SIOCSIFNETMASK, device, addresses.netmask);
  if (!set) return failure_from_errno("set up " + device);
  return bring_up(device);
}

unsigned index_of(const std::string& device) { return ::if_nametoindex(device.c_str()); }

}  // namespace lastbyte::wire
