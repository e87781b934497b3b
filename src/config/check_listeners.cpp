// What forwardings do to each other: the same name, the same listener, a way that leads back to where it began.
#include <algorithm>
#include <cctype>
#include <map>

#include "config/assembled.h"

namespace lastbyte::config {

namespace {

using Placings = Assembled<relay::Forwarding>;

/// Where an endpoint is, as far as its text tells: addresses, or a name that is looked up later.
struct Place {
  std::string name;  ///< lower case; empty if `addresses` says it all
  std::vector<net::Address> addresses;
};

Place place_of(const net::Endpoint& endpoint) {
  Place place;
  const auto add = [&](std::string_view ip) {
    if (const auto address = net::Address::parse(ip, endpoint.port)) place.addresses.push_back(*address);
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

struct Listener {
  const Placings* forwarding;
  Place place;
};

bool same_ip(const net::Address& a, const net::Address& b) { return a.ip_text() == b.ip_text(); }

bool is_loopback(const net::Address& address) {
  const std::string ip = address.ip_text();
  return ip.starts_with("127.") || ip == "::1";
}

template <typename Touches>
bool any_pair(const Place& a, const Place& b, Touches touches) {
  if (!a.name.empty() && a.name == b.name) return true;
  return std::any_of(a.addresses.begin(), a.addresses.end(), [&](const net::Address& mine) {
    return std::any_of(b.addresses.begin(), b.addresses.end(), [&](const net::Address& other) {
      return mine.family() == other.family() && touches(mine, other);
    });
  });
}

/// Whether the kernel would refuse the second of two listeners on one port: net/ipv4/inet_connection_sock.c
/// inet_csk_bind_conflict, for sockets that all listen. An address for all conflicts with each of its family.
bool conflict(const Listener& a, const Listener& b) {
  const std::string& interface_a = a.forwarding->value.client.socket.interface;
  const std::string& interface_b = b.forwarding->value.client.socket.interface;
  if (!interface_a.empty() && !interface_b.empty() && interface_a != interface_b) return false;
  return any_pair(a.place, b.place, [](const net::Address& mine, const net::Address& other) {
    return same_ip(mine, other) || mine.is_wildcard() || other.is_wildcard();
  });
}

/// Whether connections to `to` surely arrive at `listener`. An address of this machine other than loopback is not known
/// to be one; a listener on one interface is not reached from within.
bool arrives(const Place& to, const Listener& listener) {
  if (!listener.forwarding->value.client.socket.interface.empty()) return false;
  return any_pair(to, listener.place, [](const net::Address& target, const net::Address& at) {
    // Connecting to the address for all reaches this machine itself (net/ipv4/route.c ip_route_output_key_hash_rcu).
    const bool to_self = is_loopback(target) || target.is_wildcard();
    return same_ip(target, at) || (at.is_wildcard() && to_self) || (target.is_wildcard() && is_loopback(at));
  });
}

using ByPort = std::map<std::uint16_t, std::vector<Listener>>;

std::string text_of(const Placings& placings, const net::Endpoint& endpoint, std::string_view key) {
  return quoted(endpoint.text()) + " (" + placings.origin(key).text() + ")";
}

void check_names(const AssembledConfig& all, std::vector<Problem>& problems) {
  std::map<std::string, const Placings*> seen;
  for (const Placings& placings : all.forwardings) {
    const bool named = placings.placed.contains("name") && placings.good("name");
    if (!named && !(placings.placed.contains("listen") && placings.good("listen"))) continue;
    const auto [first, is_new] = seen.emplace(placings.value.name, &placings);
    if (is_new) continue;
    const Origin where = placings.origin(named ? "name" : "listen");
    problems.push_back(
        problem_with(*find_key("name", true), where, placings.value.name,
                     "another forwarding has this name (" + first->second->where.text() + "); expected each once"));
  }
}

ByPort check_conflicts(const AssembledConfig& all, std::vector<Problem>& problems) {
  ByPort listeners;
  for (const Placings& placings : all.forwardings) {
    const net::Endpoint& listen = placings.value.listen;
    // With port 0 each gets one of its own.
    if (!placings.placed.contains("listen") || !placings.good("listen") || listen.port == 0) continue;
    Listener listener{.forwarding = &placings, .place = place_of(listen)};
    std::vector<Listener>& others = listeners[listen.port];
    const auto other = std::find_if(others.begin(), others.end(),
                                    [&](const Listener& earlier) { return conflict(earlier, listener); });
    if (other != others.end()) {
      problems.push_back(problem_with(*find_key("listen", true), placings.origin("listen"), listen.text(),
                                      "conflicts with the listener " +
                                          text_of(*other->forwarding, other->forwarding->value.listen, "listen") +
                                          "; expected each address and port once"));
    }
    others.push_back(std::move(listener));
  }
  return listeners;
}

/// The forwarding whose listener `placings` connects to; nullptr: none of ours, as far as is known.
const Placings* next_after(const Placings& placings, const ByPort& listeners) {
  if (!placings.placed.contains("connect") || !placings.good("connect")) return nullptr;
  const net::Endpoint& connect = placings.value.connect;
  const auto same_port = listeners.find(connect.port);
  if (same_port == listeners.end()) return nullptr;
  const Place to = place_of(connect);
  for (const Listener& listener : same_port->second) {
    if (arrives(to, listener)) return listener.forwarding;
  }
  return nullptr;
}

void check_loops(const AssembledConfig& all, const ByPort& listeners, std::vector<Problem>& problems) {
  std::map<const Placings*, const Placings*> next;
  for (const Placings& placings : all.forwardings) next[&placings] = next_after(placings, listeners);
  for (const Placings& start : all.forwardings) {
    const Placings* at = next[&start];
    for (std::size_t steps = 0; at != nullptr && at != &start && steps < all.forwardings.size(); ++steps) at = next[at];
    if (at != &start) continue;
    const Placings& first = *next[&start];
    const std::string listener = text_of(first, first.value.listen, "listen");
    problems.push_back(problem_with(*find_key("connect", true), start.origin("connect"), start.value.connect.text(),
                                    &first == &start
                                        ? "leads to its own listener " + listener + ", without end"
                                        : "leads to the listener " + listener + " and from there back, without end"));
  }
}

}  // namespace

void check_listeners(const AssembledConfig& all, std::vector<Problem>& problems) {
  check_names(all, problems);
  const ByPort listeners = check_conflicts(all, problems);
  check_loops(all, listeners, problems);
}

}  // namespace lastbyte::config
