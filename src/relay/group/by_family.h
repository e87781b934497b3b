// Addresses by their family, in the order in which they were given.
#pragma once

#include <sys/socket.h>

#include <vector>

#include "net/address/address.h"
#include "net/address/source.h"

namespace lastbyte::relay {

/// `T`: net::Address or net::Source.
template <typename T>
class ByFamily {
 public:
  ByFamily() = default;
  explicit ByFamily(const std::vector<T>& all);
  [[nodiscard]] const std::vector<T>& of(int family) const {
    return family == AF_INET ? v4_ : family == AF_INET6 ? v6_ : none_;
  }

 private:
  std::vector<T> v4_;
  std::vector<T> v6_;
  std::vector<T> none_;
};

extern template class ByFamily<net::Address>;
extern template class ByFamily<net::Source>;

}  // namespace lastbyte::relay
