#include "proxy/listen/groups.h"

#include <algorithm>

#include "net/address/address.h"

namespace lastbyte::proxy {
namespace {

bool has_host_name(const relay::Forwarding& forwarding) {
  return !forwarding.connect.is_unix() && !net::is_numeric(forwarding.connect.host);
}

upstream::Group own_group(const relay::Forwarding& forwarding) {
  upstream::Group group;
  group.policy = upstream::Policy::first;
  group.names = forwarding.names;
  group.members.resize(1);
  group.members.front().endpoint = forwarding.connect;
  return group;
}

}  // namespace

std::shared_ptr<const upstream::Group> WantedGroups::of(const relay::Forwarding& forwarding) const {
  const auto found = by_forwarding.find(forwarding.name);
  return found == by_forwarding.end() ? nullptr : all[found->second].settings;
}

void WantedGroups::place(const relay::Forwarding& forwarding, const std::shared_ptr<net::NamespaceThread>& inside,
                         const std::shared_ptr<net::RootThread>& root) {
  const auto found = by_forwarding.find(forwarding.name);
  if (found == by_forwarding.end() || !all[found->second].settings->check) return;
  probe::Place& place = all[found->second].place;
  const net::SocketOptions& own = forwarding.upstream.socket;
  if (placed_.insert(found->second).second) {
    place = {.inside = inside,
             .root = root,
             .mark = own.mark,
             .interface = own.interface,
             .sources = forwarding.upstream.sources};
    return;
  }
  if (place.mark != own.mark) place.mark.reset();
  if (place.interface != own.interface) place.interface.clear();
  if (place.sources != forwarding.upstream.sources) place.sources.clear();
}

bool has_group(const relay::Forwarding& forwarding) {
  if (!forwarding.group.empty()) return true;
  // A datagram session has no connection: its first address is looked up at the start and at a reload.
  if (forwarding.listen.transport == net::Transport::udp) return false;
  return has_host_name(forwarding) || forwarding.retry.has_value();
}

WantedGroups groups_of(const std::vector<relay::Forwarding>& forwardings, const std::vector<upstream::Group>& groups) {
  WantedGroups wanted;
  for (const upstream::Group& group : groups) wanted.all.emplace_back(std::make_shared<const upstream::Group>(group));
  for (const relay::Forwarding& forwarding : forwardings) {
    if (!has_group(forwarding)) continue;
    const upstream::Group own = own_group(forwarding);
    const auto same = std::ranges::find_if(wanted.all, [&](const auto& each) {
      return forwarding.group.empty() ? *each.settings == own : each.settings->name == forwarding.group;
    });
    const auto place = static_cast<std::size_t>(same - wanted.all.begin());
    if (same == wanted.all.end()) wanted.all.emplace_back(std::make_shared<const upstream::Group>(own));
    wanted.by_forwarding.emplace(forwarding.name, place);
  }
  return wanted;
}

}  // namespace lastbyte::proxy
