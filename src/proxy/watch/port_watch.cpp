#include "proxy/watch/port_watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "net/diag/port_use.h"
#include "relay/context/listener.h"
#include "relay/group/view.h"

namespace lastbyte::proxy {
namespace {

/// Limits the destinations of one look, so that a look does not take long. With thousands, each has its turn.
constexpr std::size_t kInOneLook = 16;

/// Returns whether the local ports of a forwarding can be counted: its source addresses must be known.
bool spends_ports(const relay::Forwarding& forwarding) {
  return forwarding.connect.transport == net::Transport::tcp &&
         forwarding.upstream.transparent == net::Transparent::off;
}

}  // namespace

PortWatch::Destinations PortWatch::destinations_of(const Bound& bound) {
  Destinations all;
  const auto add = [&](const std::vector<net::Address>& addresses, const std::vector<net::Source>& sources) {
    for (const net::Address& address : addresses) all.insert({address, sources, bound.upstream_inside});
  };
  add(bound.upstream, bound.forwarding->upstream.sources);
  if (bound.snapshot == nullptr) return all;
  for (const upstream::SnapshotMember& member : bound.snapshot->members)
    add(upstream::addresses_of(member, bound.port),
        relay::merged(bound.forwarding->upstream, member.settings->options).sources);
  return all;
}

void PortWatch::watch(const std::vector<Bound>& bound) {
  if (given_up_) return;
  std::unordered_map<Destination, Watched, Destination::Hash> before;
  for (const Watched& each : watched_) before.emplace(each.destination, each);
  Destinations different;
  for (const Bound& each : bound)
    if (spends_ports(*each.forwarding)) different.merge(destinations_of(each));
  watched_.clear();
  for (const Destination& each : different) {
    const auto known = before.find(each);
    watched_.push_back(known == before.end() ? Watched{each, {}} : known->second);
  }
}

void PortWatch::look(std::uint64_t sessions) {
  if (!is_worth_it(sessions)) return;
  sessions_seen_ = sessions;
  for (std::size_t looked = 0, most = std::min(kInOneLook, watched_.size()); looked < most && !watched_.empty();
       ++looked) {
    next_ = (next_ + 1) % watched_.size();
    look_at(watched_[next_]);
  }
}

std::vector<observe::PortsSnapshot> PortWatch::seen() const {
  std::vector<observe::PortsSnapshot> all;
  std::unordered_map<std::string_view, std::size_t> places;
  for (const Watched& each : watched_) {
    if (!each.seen) continue;
    const auto [known, is_new] = places.try_emplace(each.seen->destination, all.size());
    if (is_new) {
      all.push_back(*each.seen);
      continue;
    }
    observe::PortsSnapshot& before = all[known->second];
    // The address has other sources or another namespace here: report the fuller one.
    if (before.in_use * each.seen->available < each.seen->in_use * before.available) before = *each.seen;
  }
  return all;
}

bool PortWatch::is_worth_it(std::uint64_t sessions) const {
  const bool nearly_full = std::ranges::any_of(watched_, [](const Watched& each) { return each.alarm.is_raised(); });
  return !watched_.empty() && (sessions != sessions_seen_ || nearly_full);
}

void PortWatch::look_at(Watched& watched) {
  const auto& [address, sources, inside] = watched.destination;
  Result<net::PortUse> use;
  Result<net::PortRange> range;
  const auto ask = [&, &to = address, &from = sources] {
    use = net::ports_in_use(to, from);
    range = net::local_port_range();
  };
  inside ? inside->run(ask) : ask();
  if (!use) return give_up(use.error());
  if (!range) return give_up(range.error());
  const upstream::PortSpace space{use->sockets, upstream::ports_available(*range, sources)};
  watched.seen = {address.text(), space.in_use, use->time_wait, space.available};
  if (!watched.alarm.rings(space)) return;
  messages_.warn(
      fmt::format("local ports towards {} are running out: {} of {} in use, {} of these in TIME_WAIT; add source "
                  "addresses (upstream.sources), widen net.ipv4.ip_local_port_range, or let the upstream close first",
                  address.text(), space.in_use, space.available, use->time_wait));
}

/// Gives up for good: a kernel without sock_diag will not have it later. A shortage passes, and is ignored.
void PortWatch::give_up(const Error& error) {
  if (relay::is_shortage(error.code)) return;
  messages_.warn("the number of local ports in use is unknown: " + error.text());
  watched_.clear();
  given_up_ = true;
}

}  // namespace lastbyte::proxy
