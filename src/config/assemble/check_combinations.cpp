// Settings that are valid on their own and contradict each other.
#include <netinet/in.h>

#include <algorithm>

#include "config/assemble/assembled.h"

namespace lastbyte::config {

namespace {

using relay::Forwarding;
using Placings = Assembled<Forwarding>;

template <typename Owner>
std::string print(const Assembled<Owner>& owner, std::string_view key) {
  const Setting& setting = *find_key(key, std::is_same_v<Owner, Forwarding>);
  return std::get<Field<Owner>>(setting.field).print(owner.value).front();
}

/// "linger.timeout, 5s (proxy.yaml:4:9)", or "(the default)".
template <typename Owner>
std::string named(const Assembled<Owner>& owner, const std::string& key) {
  const bool builtin = owner.level(key) == Level::builtin;
  return key + ", " + print(owner, key) + " (" + (builtin ? "the default" : owner.origin(key).text()) + ")";
}

template <typename Owner>
void report(const Assembled<Owner>& owner, const std::string& key, const std::string& what,
            std::vector<Problem>& problems) {
  const Setting& setting = *find_key(key, std::is_same_v<Owner, Forwarding>);
  problems.push_back(problem_with(setting, owner.origin(key), print(owner, key), what));
}

/// Two values of which `less` is to be no more than `more`; reported at the one that was given nearer.
template <typename Owner>
void expect_at_most(const Assembled<Owner>& owner, const std::string& less, const std::string& more, bool holds,
                    const std::string& why, std::vector<Problem>& problems) {
  if (holds || !owner.good(less) || !owner.good(more)) return;
  if (owner.level(less) >= owner.level(more)) {
    report(owner, less, "is more than " + named(owner, more) + "; expected at most that" + why, problems);
  } else {
    report(owner, more, "is less than " + named(owner, less) + "; expected at least that" + why, problems);
  }
}

void check_linger(const Placings& placings, std::vector<Problem>& problems) {
  const relay::Linger& linger = placings.value.linger;
  if (!placings.good("linger.mode") || linger.mode != termination::LingerMode::on) return;
  expect_at_most(placings, "linger.timeout", "linger.time", linger.timeout <= linger.time, ", or it never takes effect",
                 problems);
}

void check_client(const Placings& placings, std::vector<Problem>& problems) {
  const net::ListenOptions& client = placings.value.client;
  // Connections by fast open wait in the same queue (net/ipv4/tcp_input.c tcp_conn_request), which is full first.
  expect_at_most(placings, "client.fast-open", "client.backlog",
                 !client.fast_open || *client.fast_open <= client.backlog,
                 ", because all waiting connections share the backlog", problems);
  const auto address = net::Address::parse(placings.value.listen.host, 0);
  if (address && address->family() == AF_INET6 && placings.value.listen.host.find('.') != std::string::npos &&
      address->ip_text().starts_with("::ffff:")) {
    report(placings, "listen", "an IPv4-mapped address never receives an IPv6 connection; expected plain IPv4",
           problems);
  }
}

/// Whether both endpoints are there and were read.
bool has_ends(const Placings& placings) {
  const auto given = [&](std::string_view key) { return placings.placed.contains(key) && placings.good(key); };
  return given("listen") && given("connect");
}

void check_ends(const Placings& placings, std::vector<Problem>& problems) {
  if (!has_ends(placings)) return;
  const net::Endpoint& listen = placings.value.listen;
  const net::Endpoint& connect = placings.value.connect;
  if (listen.transport == net::Transport::udp && connect.transport != net::Transport::udp) {
    report(placings, "connect",
           "only udp can carry datagrams, which " + named(placings, "listen") + " receives; expected udp:HOST:PORTS",
           problems);
    return;
  }
  if (connect.count() == 1 || connect.count() == listen.count()) return;
  report(placings, "connect",
         std::to_string(connect.count()) + " ports for the " + std::to_string(listen.count()) + " of " +
             named(placings, "listen") + "; expected as many, or one",
         problems);
}

/// A UNIX client is in no network: only a PROXY header can say that it is.
void check_access(const Placings& placings, std::vector<Problem>& problems) {
  const Forwarding& forwarding = placings.value;
  if (!has_ends(placings) || !placings.good("client.allow") || !placings.good("client.proxy-protocol")) return;
  if (!forwarding.listen.is_unix() || forwarding.access.allow.empty()) return;
  if (forwarding.proxy_header != relay::ProxyHeader::off) return;
  report(placings, "client.allow",
         "allows no client, because clients of " + named(placings, "listen") +
             " have no address; expected none here, or client.proxy-protocol",
         problems);
}

std::string_view family_name(const net::Address& address) { return address.family() == AF_INET ? "IPv4" : "IPv6"; }

/// What is wrong with connecting from `source` to `upstream`; empty: nothing.
std::string wrong_with_source(const net::Address& source, const std::optional<net::Address>& upstream,
                              const AssembledConfig& all) {
  if (upstream && upstream->family() != source.family()) {
    return "is " + std::string(family_name(source)) + ", but the upstream, " + upstream->ip_text() + ", is " +
           std::string(family_name(*upstream)) + "; expected the same";
  }
  if (upstream && source.is_loopback() && !upstream->is_loopback() && !upstream->is_wildcard()) {
    return "is a loopback address, from which the upstream, " + upstream->ip_text() + ", cannot be reached";
  }
  if (source.port() != 0 && all.process.good("workers") && all.process.value.workers != 1) {
    return "names a port, which several workers cannot share; expected no port, or workers to be 1 (it is " +
           named(all.process, "workers") + ")";
  }
  return {};
}

void check_sources(const Placings& placings, const AssembledConfig& all, std::vector<Problem>& problems) {
  const auto placed = placings.placed.find("upstream.sources");
  if (placed == placings.placed.end() || !placings.good("upstream.sources")) return;
  if (placed->second.values == nullptr) return;
  const Setting& setting = *find_key("upstream.sources", true);
  std::optional<net::Address> upstream;
  if (placings.good("connect")) upstream = net::Address::parse(placings.value.connect.host, 0);
  // All were read, so that texts and values go together.
  for (std::size_t i = 0; i < placed->second.values->size(); ++i) {
    const Text& text = (*placed->second.values)[i];
    const std::string wrong = wrong_with_source(placings.value.upstream.sources[i], upstream, all);
    if (!wrong.empty()) problems.push_back(problem_with(setting, text.where, text.text, wrong));
  }
}

void check_sessions(const Placings& placings, const AssembledConfig& all, std::vector<Problem>& problems) {
  const Forwarding& forwarding = placings.value;
  const std::string per_listener = "max-sessions";
  const std::string per_client = "max-sessions-per-client";
  const auto& total = all.process.value.max_sessions;
  const bool total_good = total.has_value() && all.process.good("max-sessions");
  const auto over_total = [&](const std::string& key, const std::optional<std::uint32_t>& limit) {
    if (!total_good || !placings.good(key) || !limit || *limit <= *total) return false;
    report(placings, key,
           "is more than the " + named(all.process, "max-sessions") + " of the whole process; expected at most that",
           problems);
    return true;
  };
  over_total(per_listener, forwarding.max_sessions);
  if (over_total(per_client, forwarding.max_sessions_per_client)) return;
  const bool fits = !forwarding.max_sessions || !forwarding.max_sessions_per_client ||
                    *forwarding.max_sessions_per_client <= *forwarding.max_sessions;
  expect_at_most(placings, per_client, per_listener, fits, "", problems);
}

}  // namespace

void check_combinations(const AssembledConfig& all, std::vector<Problem>& problems) {
  for (const Placings& placings : all.forwardings) {
    check_ends(placings, problems);
    check_access(placings, problems);
    check_linger(placings, problems);
    check_client(placings, problems);
    check_sources(placings, all, problems);
    check_sessions(placings, all, problems);
  }
}

}  // namespace lastbyte::config
