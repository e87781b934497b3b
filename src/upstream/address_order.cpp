#include "upstream/address_order.h"

#include <algorithm>
#include <numeric>

namespace lastbyte::upstream {
namespace {

bool is_wanted(const net::Address& address, Family family) {
  switch (family) {
    case Family::any:
    case Family::prefer_v4:
    case Family::prefer_v6: return true;
    case Family::only_v4: return address.family() == AF_INET;
    case Family::only_v6: return address.family() == AF_INET6;
  }
  return true;
}

int first_family(const std::vector<net::Address>& addresses, Family family) {
  switch (family) {
    case Family::prefer_v4:
    case Family::only_v4: return AF_INET;
    case Family::prefer_v6:
    case Family::only_v6: return AF_INET6;
    case Family::any: break;
  }
  return addresses.empty() ? AF_INET6 : addresses.front().family();
}

}  // namespace

std::vector<net::Address> interleaved(const std::vector<net::Address>& addresses, Family family) {
  const int leads = first_family(addresses, family);
  std::vector<net::Address> leading;
  std::vector<net::Address> following;
  for (const net::Address& each : addresses)
    if (is_wanted(each, family)) (each.family() == leads ? leading : following).push_back(each);
  std::vector<net::Address> out;
  out.reserve(leading.size() + following.size());
  for (std::size_t index = 0; index < std::max(leading.size(), following.size()); ++index) {
    if (index < leading.size()) out.push_back(leading[index]);
    if (index < following.size()) out.push_back(following[index]);
  }
  return out;
}

std::uint64_t address_mark(const net::Address& address) {
  return std::max<std::uint64_t>(net::AddressHash{}(address.is_unix() ? address : address.without_port()), 1);
}

std::vector<std::uint32_t> order_of(const std::vector<net::Address>& addresses, std::uint64_t preferred) {
  std::vector<std::uint32_t> order(addresses.size());
  std::iota(order.begin(), order.end(), 0U);
  if (preferred == 0) return order;
  const auto first =
      std::ranges::find_if(order, [&](std::uint32_t index) { return address_mark(addresses[index]) == preferred; });
  if (first != order.end()) std::rotate(order.begin(), first, first + 1);
  return order;
}

}  // namespace lastbyte::upstream
