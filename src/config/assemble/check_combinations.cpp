// Settings that are valid on their own but contradict each other.
#include <netinet/in.h>

#include <algorithm>

#include "config/assemble/assembled.h"

namespace lastbyte::config {

namespace {

using relay::Forwarding;
using Placings = Assembled<Forwarding>;

void check_linger(const Placings& placings, std::vector<Problem>& problems) {
  const relay::Linger& linger = placings.value.linger;
  if (!placings.good("linger.mode") || linger.mode != termination::LingerMode::on) return;
  expect_at_most(placings, "linger.timeout", "linger.time", linger.timeout <= linger.time, ", or it never takes effect",
                 problems);
}

void check_client(const Placings& placings, std::vector<Problem>& problems) {
  const net::ListenOptions& client = placings.value.client;
  // Fast Open connections wait in the same queue, which fills up first (net/ipv4/tcp_input.c tcp_conn_request).
  expect_at_most(placings, "client.fast-open", "client.backlog",
                 !client.fast_open || *client.fast_open <= client.backlog,
                 ", because all waiting connections share the backlog", problems);
  const auto address = net::Address::parse(placings.value.listen.host, 0);
  if (address && address->family() == AF_INET6 && placings.value.listen.host.find('.') != std::string::npos &&
      address->ip_text().starts_with("::ffff:")) {
    problems.push_back(problem_with(placings, "listen",
                                    "an IPv4-mapped address never receives an IPv6 connection; expected plain IPv4"));
  }
}

/// Whether both endpoints were given and could be read.
bool has_ends(const Placings& placings) {
  const auto given = [&](std::string_view key) { return placings.placed.contains(key) && placings.good(key); };
  return given("listen") && given("connect");
}

/// Returns what is wrong with `count` ports behind those of `listen`; empty: nothing.
std::string wrong_ports(std::size_t count, const Placings& placings) {
  const std::size_t wanted = placings.value.listen.count();
  if (count <= 1 || count == wanted) return {};
  return std::to_string(count) + " ports for the " + std::to_string(wanted) + " of " + named(placings, "listen") +
         "; expected as many, or one";
}

void check_ends(const Placings& placings, const AssembledConfig& all, std::vector<Problem>& problems) {
  if (!has_ends(placings)) return;
  const net::Endpoint& listen = placings.value.listen;
  const net::Endpoint& connect = placings.value.connect;
  if (listen.transport == net::Transport::udp && connect.transport != net::Transport::udp) {
    problems.push_back(problem_with(
        placings, "connect",
        "only udp can carry datagrams, which " + named(placings, "listen") + " receives; expected udp:HOST:PORTS"));
    return;
  }
  if (const AssembledGroup* group = find_group(all, placings.value.group)) {
    for (const auto& member : group->members) {
      const std::string wrong = wrong_ports(member.value.endpoint.count(), placings);
      if (!wrong.empty() && member.good("connect")) problems.push_back(problem_with(member, "connect", wrong));
    }
    return;
  }
  if (const std::string wrong = wrong_ports(connect.count(), placings); !wrong.empty())
    problems.push_back(problem_with(placings, "connect", wrong));
}

/// A UNIX client is in no network, unless a PROXY header names one.
void check_access(const Placings& placings, std::vector<Problem>& problems) {
  const Forwarding& forwarding = placings.value;
  if (!has_ends(placings) || !placings.good("client.allow") || !placings.good("client.proxy-protocol")) return;
  if (!forwarding.listen.is_unix() || forwarding.access.allow.empty()) return;
  if (forwarding.proxy_header != relay::ProxyHeader::off) return;
  problems.push_back(problem_with(placings, "client.allow",
                                  "allows no client, because clients of " + named(placings, "listen") +
                                      " have no address; expected none here, or client.proxy-protocol"));
}

std::string_view family_name(const net::Address& address) { return address.family() == AF_INET ? "IPv4" : "IPv6"; }

/// Returns what is wrong with connecting from `source` to `upstream`; empty: nothing.
std::string wrong_with_source(const net::Source& source, const std::optional<net::Address>& upstream,
                              const AssembledConfig& all) {
  if (upstream && upstream->family() != source.family()) {
    return "is " + std::string(family_name(source.address)) + ", but the upstream, " + upstream->ip_text() + ", is " +
           std::string(family_name(*upstream)) + "; expected the same";
  }
  if (upstream && source.address.is_loopback() && !upstream->is_loopback() && !upstream->is_wildcard()) {
    return "is a loopback address, from which the upstream, " + upstream->ip_text() + ", cannot be reached";
  }
  if (source.is_fixed() && all.process.good("workers") && all.process.value.workers != 1) {
    return "names a port, which several workers cannot share; expected no port, or workers to be 1 (it is " +
           named(all.process, "workers") + ")";
  }
  return {};
}

/// `key` is the list setting of `owner`, and `sources` its values.
template <typename Owner>
void check_sources(const Assembled<Owner>& owner, std::string_view key, const std::vector<net::Source>& sources,
                   const std::optional<net::Address>& upstream, const AssembledConfig& all,
                   std::vector<Problem>& problems) {
  const auto placed = owner.placed.find(key);
  if (placed == owner.placed.end() || !owner.good(key) || placed->second.values == nullptr) return;
  // Every text could be read, so texts and values correspond.
  for (std::size_t i = 0; i < placed->second.values->size(); ++i) {
    const Text& text = (*placed->second.values)[i];
    const std::string wrong = wrong_with_source(sources[i], upstream, all);
    if (!wrong.empty()) problems.push_back(problem_with(setting_of<Owner>(key), text.where, text.text, wrong));
  }
}

/// Returns the numeric address of the endpoint; nullopt: it is a name, a group or a UNIX socket.
template <typename Owner>
std::optional<net::Address> address_of(const Assembled<Owner>& owner, const net::Endpoint& endpoint) {
  return owner.good("connect") ? net::Address::parse(endpoint.host, 0) : std::nullopt;
}

void check_retry(const Placings& placings, std::vector<Problem>& problems) {
  const auto& retry = placings.value.retry;
  if (!retry || !placings.good("retry.retry-on")) return;
  if (retry->on_reset && retry->replay == 0 && placings.good("retry.replay")) {
    problems.push_back(
        problem_with(setting_of<Forwarding>("retry.retry-on"), placings.origin("retry.retry-on"), "reset",
                     "lastbyte can send again only what it holds; expected retry.replay, the number of bytes to hold"));
  }
  expect_at_most(placings, "retry.backoff", "retry.longest-backoff", retry->backoff <= retry->longest_backoff, "",
                 problems);
}

template <typename Owner>
void check_names(const Assembled<Owner>& owner, const upstream::Names& names, std::vector<Problem>& problems) {
  expect_at_most(owner, "names.ttl-min", "names.ttl-max", names.ttl_min <= names.ttl_max, "", problems);
}

void check_sessions(const Placings& placings, const AssembledConfig& all, std::vector<Problem>& problems) {
  const Forwarding& forwarding = placings.value;
  const std::string per_listener = "max-sessions";
  const std::string per_client = "max-sessions-per-client";
  const auto& total = all.process.value.max_sessions;
  const bool total_good = total.has_value() && all.process.good("max-sessions");
  const auto over_total = [&](const std::string& key, const std::optional<std::uint32_t>& limit) {
    if (!total_good || !placings.good(key) || !limit || *limit <= *total) return false;
    problems.push_back(problem_with(
        placings, key,
        "is more than the " + named(all.process, "max-sessions") + " of the whole process; expected at most that"));
    return true;
  };
  over_total(per_listener, forwarding.max_sessions);
  if (over_total(per_client, forwarding.max_sessions_per_client)) return;
  const bool fits = !forwarding.max_sessions || !forwarding.max_sessions_per_client ||
                    *forwarding.max_sessions_per_client <= *forwarding.max_sessions;
  expect_at_most(placings, per_client, per_listener, fits, "", problems);
}

/// Without a token, anyone who can connect to a TCP endpoint could administer.
void check_doors(const Assembled<Config>& process, std::vector<Problem>& problems) {
  const Doors& doors = process.value.doors;
  if (!process.good("admin.token-file") || !doors.token_file.empty()) return;
  const auto check = [&](const std::string& key, const std::optional<net::Endpoint>& at) {
    if (!process.good(key) || !at || at->is_unix()) return;
    problems.push_back(
        problem_with(process, key, "needs admin.token-file, because any process can connect to a tcp endpoint"));
  };
  check("admin.listen", doors.admin.at);
  check("dashboard.listen", doors.dashboard);
}

}  // namespace

void check_combinations(const AssembledConfig& all, std::vector<Problem>& problems) {
  check_doors(all.process, problems);
  for (const Placings& placings : all.forwardings) {
    const Forwarding& forwarding = placings.value;
    check_ends(placings, all, problems);
    check_access(placings, problems);
    check_linger(placings, problems);
    check_client(placings, problems);
    check_sources(placings, "upstream.sources", forwarding.upstream.sources, address_of(placings, forwarding.connect),
                  all, problems);
    check_sessions(placings, all, problems);
    check_retry(placings, problems);
    check_names(placings, forwarding.names, problems);
  }
  for (const AssembledGroup& each : all.groups) {
    check_names(each.group, each.group.value.names, problems);
    for (const auto& member : each.members)
      check_sources(member, "sources", member.value.options.sources, address_of(member, member.value.endpoint), all,
                    problems);
  }
}

}  // namespace lastbyte::config
