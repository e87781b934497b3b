#include "net/address/source.h"

namespace lastbyte::net {

std::string Source::text() const {
  if (is_fixed()) return address.text();
  if (!ports) return address.ip_text();
  const bool brackets = address.family() == AF_INET6;
  return (brackets ? "[" : "") + address.ip_text() + (brackets ? "]:" : ":") + std::to_string(ports->first) + "-" +
         std::to_string(ports->last);
}

}  // namespace lastbyte::net
