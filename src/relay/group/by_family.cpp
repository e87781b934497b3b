#include "relay/group/by_family.h"

namespace lastbyte::relay {

template <typename T>
ByFamily<T>::ByFamily(const std::vector<T>& all) {
  for (const T& each : all) {
    if (each.family() == AF_INET) v4_.push_back(each);
    if (each.family() == AF_INET6) v6_.push_back(each);
  }
}

template class ByFamily<net::Address>;
template class ByFamily<net::Source>;

}  // namespace lastbyte::relay
