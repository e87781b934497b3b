#include "net/address/mapped.h"

#include <cstring>

namespace lastbyte::net {

namespace {

constexpr std::size_t kV4Offset = sizeof(in6_addr) - sizeof(in_addr);

}  // namespace

Address unmapped(const Address& address) {
  if (address.family() != AF_INET6) return address;
  sockaddr_in6 v6{};
  std::memcpy(&v6, address.data(), sizeof v6);
  if (!IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) return address;
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = v6.sin6_port;
  std::memcpy(&v4.sin_addr, &v6.sin6_addr.s6_addr[kV4Offset], sizeof v4.sin_addr);
  return Address(v4);
}

Address mapped(const Address& address) {
  if (address.family() != AF_INET) return address;
  sockaddr_in v4{};
  std::memcpy(&v4, address.data(), sizeof v4);
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = v4.sin_port;
  v6.sin6_addr.s6_addr[kV4Offset - 2] = 0xff;
  v6.sin6_addr.s6_addr[kV4Offset - 1] = 0xff;
  std::memcpy(&v6.sin6_addr.s6_addr[kV4Offset], &v4.sin_addr, sizeof v4.sin_addr);
  return Address(v6);
}

}  // namespace lastbyte::net
