// Conflicts between forwardings: the same name, the same listener, a loop.
#include <algorithm>
#include <cctype>
#include <compare>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "base/text.h"
#include "config/assemble/assembled.h"

namespace lastbyte::config {

namespace {

using Placings = Assembled<relay::Forwarding>;

/// The place of an endpoint, as far as its text tells: addresses, or a name that is looked up later.
struct Place {
  std::string name;  ///< in lower case; empty if `addresses` is complete
  std::vector<net::Address> addresses;
};

Place place_of(const net::Endpoint& endpoint) {
  Place place;
  const auto add = [&](std::string_view ip) {
    if (const auto address = net::Address::parse(ip, 0)) place.addresses.push_back(*address);
  };
  if (endpoint.host.empty()) {
    add("0.0.0.0");
    add("::");
    return place;
  }
  add(endpoint.host);
  if (!place.addresses.empty()) return place;
  for (const char c : endpoint.host) place.name += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (place.name == "localhost") add("127.0.0.1");
  return place;
}

/// Two listeners can conflict only if they have the same Spot; then their addresses decide.
struct Spot {
  net::Transport transport = net::Transport::tcp;
  std::string inside;      ///< the network namespace; for a UNIX path, the root directory
  std::uint16_t port = 0;  ///< 0 for UNIX sockets
  std::string path;

  friend auto operator<=>(const Spot&, const Spot&) = default;
};

/// `options` are those of the endpoint's side.
template <typename Options>
Spot spot_of(const net::Endpoint& endpoint, const Options& options, std::size_t index) {
  return {.transport = endpoint.transport,
          .inside = endpoint.is_path() ? options.root.text() : options.netns.text(),
          .port = endpoint.is_unix() ? std::uint16_t{0} : endpoint.ports.at(index),
          .path = endpoint.path};
}

/// One port of a forwarding.
struct Listener {
  const Placings* forwarding;
  std::size_t index;
  std::shared_ptr<const Place> place;
};

bool same_ip(const net::Address& a, const net::Address& b) { return a.ip_text() == b.ip_text(); }

template <typename Touches>
bool any_pair(const Place& a, const Place& b, Touches touches) {
  if (!a.name.empty() && a.name == b.name) return true;
  return std::any_of(a.addresses.begin(), a.addresses.end(), [&](const net::Address& mine) {
    return std::any_of(b.addresses.begin(), b.addresses.end(), [&](const net::Address& other) {
      return mine.family() == other.family() && touches(mine, other);
    });
  });
}

/// Whether the kernel would refuse the second of two listeners on one port (net/ipv4/inet_connection_sock.c
/// inet_csk_bind_conflict, for sockets that all listen). A wildcard address conflicts with every address of its family.
bool conflict(const Listener& a, const Listener& b) {
  const std::string& interface_a = a.forwarding->value.client.socket.interface;
  const std::string& interface_b = b.forwarding->value.client.socket.interface;
  if (!interface_a.empty() && !interface_b.empty() && interface_a != interface_b) return false;
  if (a.forwarding->value.listen.is_unix()) return true;
  return any_pair(*a.place, *b.place, [](const net::Address& mine, const net::Address& other) {
    return same_ip(mine, other) || mine.is_wildcard() || other.is_wildcard();
  });
}

/// Whether connections to `to` certainly arrive at `listener`. Addresses of this machine other than loopback are not
/// recognised as such. A listener on one interface is not reachable from this machine.
bool arrives(const Place& to, const Listener& listener) {
  if (listener.forwarding->value.listen.is_unix()) return true;
  if (!listener.forwarding->value.client.socket.interface.empty()) return false;
  return any_pair(to, *listener.place, [](const net::Address& target, const net::Address& at) {
    // Connecting to a wildcard address reaches this machine itself (net/ipv4/route.c ip_route_output_key_hash_rcu).
    const bool to_self = target.is_loopback() || target.is_wildcard();
    return same_ip(target, at) || (at.is_wildcard() && to_self) || (target.is_wildcard() && at.is_loopback());
  });
}

using BySpot = std::map<Spot, std::vector<Listener>>;

std::string text_of(const Placings& placings, const net::Endpoint& endpoint, std::string_view key) {
  return in_quotes(endpoint.text()) + " (" + placings.origin(key).text() + ")";
}

void check_names(const AssembledConfig& all, std::vector<Problem>& problems) {
  std::map<std::string, const Placings*> seen;
  for (const Placings& placings : all.forwardings) {
    const bool named = placings.placed.contains("name") && placings.good("name");
    if (!named && !(placings.placed.contains("listen") && placings.good("listen"))) continue;
    const auto [first, is_new] = seen.emplace(placings.value.name, &placings);
    // Without names, their endpoints are the same; check_conflicts() reports that.
    if (is_new || (!named && !first->second->placed.contains("name"))) continue;
    const Origin where = placings.origin(named ? "name" : "listen");
    problems.push_back(
        problem_with(setting_of<relay::Forwarding>("name"), where, placings.value.name,
                     "another forwarding has this name (" + first->second->where.text() + "); expected each once"));
  }
}

bool known(const Placings& placings, std::string_view key) {
  return placings.placed.contains(key) && placings.good(key);
}

/// Adds the listeners of one forwarding. Only its first conflict with an earlier listener is reported.
void add_listeners(const Placings& placings, BySpot& listeners, std::vector<Problem>& problems) {
  const net::Endpoint& listen = placings.value.listen;
  const auto place = std::make_shared<const Place>(place_of(listen));
  bool told = false;
  for (std::size_t index = 0; index < listen.count(); ++index) {
    const Spot spot = spot_of(listen, placings.value.client, index);
    // For port 0 each listener gets a port of its own.
    if (!listen.is_unix() && spot.port == 0) continue;
    std::vector<Listener>& others = listeners[spot];
    const Listener listener{.forwarding = &placings, .index = index, .place = place};
    const auto other = std::find_if(others.begin(), others.end(),
                                    [&](const Listener& earlier) { return conflict(earlier, listener); });
    if (other != others.end() && !std::exchange(told, true)) {
      problems.push_back(problem_with(setting_of<relay::Forwarding>("listen"), placings.origin("listen"), listen.text(),
                                      "conflicts with the listener " +
                                          text_of(*other->forwarding, other->forwarding->value.listen, "listen") +
                                          "; expected each address and port once"));
    }
    others.push_back(listener);
  }
}

BySpot check_conflicts(const AssembledConfig& all, std::vector<Problem>& problems) {
  BySpot listeners;
  for (const Placings& placings : all.forwardings) {
    if (known(placings, "listen") && placings.good("client.netns") && placings.good("client.root"))
      add_listeners(placings, listeners, problems);
  }
  return listeners;
}

/// Returns the targets of a forwarding's sessions, as far as they could be read: its endpoint, or its group's members.
std::vector<const net::Endpoint*> targets_of(const Placings& placings, const AssembledConfig& all) {
  if (!known(placings, "connect")) return {};
  if (placings.value.group.empty()) return {&placings.value.connect};
  std::vector<const net::Endpoint*> targets;
  if (const AssembledGroup* group = find_group(all, placings.value.group)) {
    for (const auto& member : group->members)
      if (member.placed.contains("connect") && member.good("connect") && !member.value.srv)
        targets.push_back(&member.value.endpoint);
  }
  return targets;
}

/// Returns our listener that connections to `to` reach; nullptr: none, as far as is known.
const Listener* listener_at(const net::Endpoint& to, const Placings& placings, std::size_t index,
                            const BySpot& listeners) {
  if (to.count() > 1 && index >= to.count()) return nullptr;
  const auto same_spot = listeners.find(spot_of(to, placings.value.upstream, to.count() == 1 ? 0 : index));
  if (same_spot == listeners.end()) return nullptr;
  const Place place = place_of(to);
  for (const Listener& listener : same_spot->second) {
    if (arrives(place, listener)) return &listener;
  }
  return nullptr;
}

/// Returns our listeners that sessions of one port of `placings` may reach.
std::vector<const Listener*> next_after(const Placings& placings, std::size_t index, const AssembledConfig& all,
                                        const BySpot& listeners) {
  std::vector<const Listener*> next;
  if (!placings.good("upstream.netns") || !placings.good("upstream.root")) return next;
  for (const net::Endpoint* to : targets_of(placings, all))
    if (const Listener* at = listener_at(*to, placings, index, listeners)) next.push_back(at);
  return next;
}

/// Whether sessions from `from` can lead to this port.
bool leads_to(const Listener* from, const Placings& to, std::size_t index, const AssembledConfig& all,
              const BySpot& listeners) {
  std::set<const Listener*> seen;
  std::vector<const Listener*> open{from};
  while (!open.empty()) {
    const Listener* at = open.back();
    open.pop_back();
    if (!seen.insert(at).second) continue;
    if (at->forwarding == &to && at->index == index) return true;
    for (const Listener* next : next_after(*at->forwarding, at->index, all, listeners)) open.push_back(next);
  }
  return false;
}

void check_loops(const AssembledConfig& all, const BySpot& listeners, std::vector<Problem>& problems) {
  for (const Placings& start : all.forwardings) {
    if (!known(start, "listen")) continue;
    for (std::size_t index = 0; index < start.value.listen.count(); ++index) {
      const auto next = next_after(start, index, all, listeners);
      const auto first = std::ranges::find_if(
          next, [&](const Listener* each) { return leads_to(each, start, index, all, listeners); });
      if (first == next.end()) continue;
      const Placings& other = *(*first)->forwarding;
      const std::string listener = text_of(other, other.value.listen, "listen");
      problems.push_back(problem_with(
          start, "connect",
          &other == &start ? "leads to its own listener " + listener + ", which makes a loop"
                           : "leads to the listener " + listener + " and from there back, which makes a loop"));
      break;  // one report for all its ports
    }
  }
}

}  // namespace

void check_listeners(const AssembledConfig& all, std::vector<Problem>& problems) {
  check_names(all, problems);
  const BySpot listeners = check_conflicts(all, problems);
  check_loops(all, listeners, problems);
}

}  // namespace lastbyte::config
