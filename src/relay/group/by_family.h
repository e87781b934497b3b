// Addresses by their family, in the order in which they were given.
#pragma once

#include <sys/socket.h>

#include <vector>

#include "net/address/address.h"

namespace lastbyte::relay {

class ByFamily {
 public:
  ByFamily() = default;
  explicit ByFamily(const std::vector<net::Address>& addresses);
  [[nodiscard]] const std::vector<net::Address>& of(int family) const {
    return family == AF_INET ? v4_ : family == AF_INET6 ? v6_ : none_;
  }

 private:
  std::vector<net::Address> v4_;
  std::vector<net::Address> v6_;
  std::vector<net::Address> none_;
};

}  // namespace lastbyte::relay
