#include "proxy/changes.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "config/difference.h"

namespace lastbyte::proxy {
namespace {

/// `options`: of the addresses' side, client or upstream.
template <typename Options>
std::string listed(const std::vector<net::Address>& addresses, const Options& options) {
  std::string out;
  for (const net::Address& address : addresses) out += (out.empty() ? "" : ", ") + address.text();
  if (!options.netns.own()) out += " in " + options.netns.text();
  if (!options.root.own()) out += " in " + options.root.text();
  return out;
}

using Ports = std::vector<const Bound*>;

/// Returns the ports by the name of their forwarding.
std::unordered_map<std::string, Ports> by_name(const std::vector<Bound>& all) {
  std::unordered_map<std::string, Ports> ports;
  for (const Bound& each : all) ports[each.forwarding->name].push_back(&each);
  return ports;
}

Changes::Forwarding described(const std::string& name, const Ports& ports) {
  const Bound& first = *ports.front();
  const relay::Forwarding& forwarding = *first.forwarding;
  const std::string from = listed(first.addresses(), forwarding.client);
  const std::string to = first.group == nullptr     ? listed(first.upstream, forwarding.upstream)
                         : forwarding.group.empty() ? forwarding.connect.text()
                                                    : "group:" + forwarding.group;
  return {name, "", {}, "", from + " -> " + to, ports.size()};
}

bool lead_to_the_same(const Ports& before, const Ports& after) {
  return std::ranges::equal(before, after, [](const Bound* a, const Bound* b) {
    return a->addresses() == b->addresses() && a->upstream == b->upstream && a->upstream_inside == b->upstream_inside &&
           a->upstream_root == b->upstream_root;
  });
}

/// Returns a text and a reason if an address has a new socket; empty: all addresses that were listened on before keep
/// their sockets.
std::string bound_anew(const Ports& before, const Ports& after) {
  std::unordered_map<net::Address, const Place*, net::AddressHash> known;
  for (const Bound* bound : before)
    for (const Place& place : bound->places) known.emplace(place.address, &place);
  for (const Bound* bound : after) {
    for (const Place& place : bound->places) {
      const auto old = known.find(place.address);
      if (old == known.end() || old->second->as.transport != place.as.transport) continue;
      if (old->second->per_worker.front() == place.per_worker.front()) continue;
      if (place.after) return "bound anew: " + std::string(text(*place.after));
      if (old->second->as.inside != place.as.inside) return "bound anew: in another network namespace";
      return old->second->as.root == place.as.root ? "bound anew" : "bound anew: in another root directory";
    }
  }
  return {};
}

}  // namespace

std::string Changes::Forwarding::text() const {
  return fmt::format("{} ({}{})", where, name, ports == 1 ? "" : fmt::format(", {} ports", ports));
}

Changes changes_between(const State& before, const State& after) {
  const auto predecessors = config::predecessors(before.forwardings, after.forwardings);
  const auto ports_before = by_name(before.bound);
  const auto ports_after = by_name(after.bound);
  Changes changes;
  std::unordered_set<std::size_t> gone_on;
  for (std::size_t index = 0; index < predecessors.size(); ++index) {
    const relay::Forwarding& now = after.forwardings[index];
    const Ports& ports = ports_after.at(now.name);
    if (!predecessors[index]) {
      changes.added.push_back(described(now.name, ports));
      continue;
    }
    gone_on.insert(*predecessors[index]);
    const relay::Forwarding& old = before.forwardings[*predecessors[index]];
    const Ports& old_ports = ports_before.at(old.name);
    std::string anew = bound_anew(old_ports, ports);
    if (now == old && anew.empty() && lead_to_the_same(old_ports, ports)) {
      ++changes.kept;
    } else {
      auto& changed = changes.changed.emplace_back(described(now.name, ports));
      changed.anew = std::move(anew);
      changed.before = old.name;
      changed.keys = config::differing_keys(old, now);
    }
  }
  for (std::size_t index = 0; index < before.forwardings.size(); ++index) {
    if (gone_on.contains(index)) continue;
    const std::string& name = before.forwardings[index].name;
    changes.removed.push_back(described(name, ports_before.at(name)));
  }
  return changes;
}

std::vector<std::string> group_changes(const std::vector<upstream::Group>& before,
                                       const std::vector<upstream::Group>& after) {
  std::vector<std::string> lines;
  for (const upstream::Group& now : after) {
    const auto old = std::ranges::find(before, now.name, &upstream::Group::name);
    if (old == before.end()) {
      lines.push_back("added: group " + now.name);
    } else if (*old != now) {
      lines.push_back(
          fmt::format("changed ({}): group {}", fmt::join(config::differing_keys(*old, now), ", "), now.name));
    }
  }
  for (const upstream::Group& old : before)
    if (std::ranges::find(after, old.name, &upstream::Group::name) == after.end())
      lines.push_back("removed: group " + old.name);
  return lines;
}

}  // namespace lastbyte::proxy
