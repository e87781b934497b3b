#include "proxy/listen/losses.h"

#include <algorithm>

#include "net/socket/listen_options.h"
#include "net/socket/still_bound.h"

namespace lastbyte::proxy {
namespace {

bool all_listen(const Place& place) {
  return std::ranges::all_of(place.per_worker,
                             [](const auto& socket) { return !socket || net::is_listening(socket->get()); });
}

}  // namespace

std::optional<Loss> Losses::of(const Place& place) {
  if (place.as.transport != net::Transport::udp && !all_listen(place)) return Loss::socket;
  if (place.file && !place.file->is_there()) return Loss::file;
  if (was_replaced(place)) return Loss::interface;
  return std::nullopt;
}

/// Returns whether another interface now has the name of the one that the place is bound to.
bool Losses::was_replaced(const Place& place) {
  const std::string& name = place.as.options.socket.interface;
  if (name.empty()) return false;
  const auto bound_to = net::interface_of(place.per_worker.front()->get());
  if (!bound_to) return false;
  const auto [known, is_new] = interfaces_.try_emplace({place.as.inside.get(), name}, 0U);
  if (is_new) run_in(place.as.inside, [&] { known->second = net::interface_number(name); });
  return known->second != *bound_to;
}

bool Losses::lacks_address(const WantedPlace& wanted) {
  if (wanted.address.is_unix() || wanted.address.is_wildcard()) return false;
  const net::ListenOptions options = net::options_to_find_address(wanted.options);
  auto& found = lacking_[{wanted.inside.get(), wanted.address.ip_text()}];
  const auto known = std::ranges::find(found, options, &Found::options);
  if (known != found.end()) return known->lacking;
  bool lacking = false;
  run_in(wanted.inside, [&] { lacking = !net::has_address(wanted.address, options); });
  found.push_back({options, lacking});
  return lacking;
}

}  // namespace lastbyte::proxy
