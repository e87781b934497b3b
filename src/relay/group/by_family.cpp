#include "relay/group/by_family.h"

namespace lastbyte::relay {

ByFamily::ByFamily(const std::vector<net::Address>& addresses) {
  for (const net::Address& each : addresses) {
    if (each.family() == AF_INET) v4_.push_back(each);
    if (each.family() == AF_INET6) v6_.push_back(each);
  }
}

}  // namespace lastbyte::relay
