#include "proxy/listen/places.h"

#include <algorithm>
#include <unordered_map>

#include "net/socket/listen_options.h"

namespace lastbyte::proxy {
namespace {

bool can_become(const Place& place, const WantedPlace& wanted) {
  return !place.passed && place.as.transport == wanted.transport && place.as.inside == wanted.inside &&
         place.as.root == wanted.root && net::can_change(wanted.transport, place.as.options, wanted.options);
}

/// Returns whether the kernel chose the port for the same port of the same forwarding.
bool was_chosen_for(const Place& place, const WantedPlace& wanted, const std::optional<std::string>& before) {
  return !wanted.address.is_unix() && wanted.address.port() == 0 && before && place.as.forwarding == *before &&
         place.as.port == wanted.port;
}

using ByAddress = std::unordered_map<net::Address, std::vector<std::size_t>, net::AddressHash>;

/// `address_of`: selects which address of a place is the key.
template <typename AddressOf>
ByAddress by_address(const std::vector<const Place*>& places, AddressOf address_of) {
  ByAddress found;
  for (std::size_t index = 0; index < places.size(); ++index) found[address_of(*places[index])].push_back(index);
  return found;
}

}  // namespace

std::string_view text(Loss loss) {
  switch (loss) {
    case Loss::socket: return "its socket no longer listened";
    case Loss::interface: return "its network interface was replaced";
    case Loss::address: return "its address was gone";
    case Loss::file: return "its UNIX path was removed or replaced";
  }
  return "?";
}

std::vector<std::optional<std::size_t>> claim(const std::vector<const Place*>& places,
                                              const std::vector<WantedPlace>& wanted,
                                              const std::vector<std::optional<std::string>>& before) {
  std::vector<std::optional<std::size_t>> claims(wanted.size());
  std::vector<bool> taken(places.size(), false);
  const auto look = [&](const ByAddress& index, const auto& is_it) {
    for (std::size_t each = 0; each < wanted.size(); ++each) {
      const auto candidates = index.find(wanted[each].address);
      if (claims[each] || candidates == index.end()) continue;
      for (const std::size_t place : candidates->second) {
        if (claims[each] || taken[place] || !can_become(*places[place], wanted[each])) continue;
        if (!is_it(*places[place], each)) continue;
        claims[each] = place;
        taken[place] = true;
      }
    }
  };
  look(by_address(places, [](const Place& place) { return place.address; }),
       [](const Place&, std::size_t) { return true; });
  look(by_address(places, [](const Place& place) { return place.as.address; }),
       [&](const Place& place, std::size_t each) { return was_chosen_for(place, wanted[each], before[each]); });
  return claims;
}

namespace {

bool is_in_the_way(const Place& left, const Place& stays) {
  if (left.as.transport != stays.as.transport || left.as.inside != stays.as.inside) return false;
  if (left.address.family() != stays.address.family()) return false;
  const std::string& one = left.as.options.socket.interface;
  const std::string& other = stays.as.options.socket.interface;
  if (!one.empty() && !other.empty() && one != other) return false;
  return left.address == stays.address ? one != other : stays.address.is_wildcard();
}

}  // namespace

std::vector<Place*> in_the_way(const std::vector<Place*>& left, const std::vector<const Place*>& staying) {
  std::unordered_multimap<std::uint16_t, const Place*> by_port;
  for (const Place* place : staying)
    if (place->as.transport == net::Transport::tcp) by_port.emplace(place->address.port(), place);
  std::vector<Place*> found;
  for (Place* place : left) {
    if (place->as.transport != net::Transport::tcp) continue;
    const auto [first, last] = by_port.equal_range(place->address.port());
    if (std::any_of(first, last, [&](const auto& each) { return is_in_the_way(*place, *each.second); }))
      found.push_back(place);
  }
  return found;
}

bool overlap(const Place& place, const WantedPlace& wanted) {
  const net::Address& a = place.address;
  const net::Address& b = wanted.address;
  if (place.as.transport != wanted.transport || place.as.inside != wanted.inside) return false;
  if (a.family() != b.family()) return false;
  if (a.is_unix()) return a == b && place.as.root == wanted.root;
  return a.port() == b.port() && (a.is_wildcard() || b.is_wildcard() || a == b);
}

}  // namespace lastbyte::proxy
