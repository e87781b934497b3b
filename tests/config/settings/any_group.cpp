#include "tests/config/settings/any_group.h"

#include <rapidcheck.h>

#include <chrono>
#include <string>

namespace lastbyte::config {

namespace {

using std::chrono::hours;
using std::chrono::seconds;
namespace gen = rc::gen;

template <typename Value>
Value from_to(Value least, Value most) {
  return *gen::inRange<Value>(least, static_cast<Value>(most + 1));
}

template <typename Value>
std::optional<Value> maybe_from_to(Value least, Value most) {
  if (*gen::arbitrary<bool>()) return std::nullopt;
  return from_to<Value>(least, most);
}

bool coin() { return *gen::arbitrary<bool>(); }

Duration span(Duration least, Duration most) { return Duration(from_to(least.count(), most.count())); }

// Structured bindings name every member: a new one does not compile until it is generated, and so tested, too. What has
// no effect is left at its default, because printing leaves it out.

upstream::MemberOptions any_member_options(net::Transport transport) {
  upstream::MemberOptions options;
  auto& [keepalive, user_timeout, mark, interface, sources] = options;
  if (transport == net::Transport::unix_stream) return options;
  mark = maybe_from_to<std::uint32_t>(0, 1'000'000);
  if (coin()) interface = *gen::element<std::string>("eth0", "lo", "~");
  if (coin()) sources = {*net::Address::parse("10.0.0.9", 0)};
  if (transport != net::Transport::tcp) return options;
  if (coin()) user_timeout = span(Duration(1), hours(24 * 24));
  if (!coin()) return options;
  auto& [enabled, idle, interval, count] = keepalive.emplace();
  enabled = coin();
  if (!enabled) return options;
  idle = seconds(from_to(1, 32767));
  interval = seconds(from_to(1, 32767));
  count = from_to(1, 127);
  return options;
}

upstream::Member any_member(std::uint16_t index, const net::Endpoint& like, bool srv_allowed) {
  upstream::Member member;
  auto& [endpoint, srv, weight, backup, max_sessions, options] = member;
  const std::string number = std::to_string(index);
  const std::string scheme = std::string(net::name(like.transport)) + ":";
  if (like.is_unix()) {
    endpoint =
        *net::parse_endpoint(*gen::element<std::string>("unix:/m", "unix:@m") + number, net::EndpointUse::connect);
  } else if (srv_allowed && coin()) {
    srv = true;
    endpoint.transport = like.transport;
    endpoint.host = "_s" + number + (like.transport == net::Transport::tcp ? "._tcp" : "._udp") + ".example";
  } else {
    const std::string host = *gen::element<std::string>("10.0.0.", "m.example-");
    const std::string ports = like.count() == 3 && coin() ? "1-3" : "7";
    endpoint = *net::parse_endpoint(scheme + host + number + ":" + ports, net::EndpointUse::connect);
  }
  weight = from_to<std::uint32_t>(index == 0 ? 1 : 0, 256);
  backup = index != 0 && coin();
  max_sessions = maybe_from_to<std::uint32_t>(1, 1000);
  options = any_member_options(like.transport);
  return member;
}

std::optional<upstream::Check> any_check(bool udp) {
  using Kind = upstream::Check::Kind;
  if (coin()) return std::nullopt;
  upstream::Check check;
  auto& [kind, port, initial_delay, period, timeout, success, failure, send, expect, path, host, from, to] = check;
  kind = *gen::element(Kind::tcp, Kind::expect, Kind::http, Kind::agent, Kind::heartbeat);
  if (kind == Kind::agent || udp || coin()) port = from_to<std::uint16_t>(1, 65534);
  initial_delay = span(Duration(0), hours(24));
  period = span(Duration(1), hours(24));
  timeout = span(Duration(1), hours(24));
  success = from_to<std::uint32_t>(1, 1000);
  failure = from_to<std::uint32_t>(1, 1000);
  if (kind == Kind::expect) {
    send = *gen::container<std::string>(gen::arbitrary<char>());
    expect = *gen::nonEmpty(gen::container<std::string>(gen::arbitrary<char>()));
  }
  if (kind == Kind::http) {
    path = *gen::element<std::string>("/", "/healthz?a=b#c", "*");
    host = *gen::element<std::string>("", "a.example");
    from = from_to<std::uint32_t>(100, 599);
    to = from_to<std::uint32_t>(from, 599);
  }
  return check;
}

std::optional<upstream::Ejection> any_ejection() {
  if (coin()) return std::nullopt;
  upstream::Ejection ejection;
  auto& [after, on_connect_failure, on_early_reset, on_reset_unread, on_timeout, time, longest, most] = ejection;
  after = from_to<std::uint32_t>(1, 1000);
  on_connect_failure = coin();
  on_early_reset = coin();
  on_reset_unread = coin();
  on_timeout = coin() || !(on_connect_failure || on_early_reset || on_reset_unread);
  time = span(Duration(1), hours(1));
  longest = span(time, hours(24));
  most = from_to<std::uint32_t>(1, 100);
  return ejection;
}

}  // namespace

upstream::Names any_names() {
  using upstream::Family;
  using upstream::Resolver;
  using upstream::Stale;
  upstream::Names names;
  auto& [resolver, family, refresh, ttl_min, ttl_max, timeout, stale, stale_age, unknown, servers, drain_age] = names;
  resolver = *gen::element(Resolver::system, Resolver::dns);
  family = *gen::element(Family::any, Family::prefer_v4, Family::prefer_v6, Family::only_v4, Family::only_v6);
  if (resolver == Resolver::system) {
    refresh = span(seconds(1), hours(24));
  } else {
    ttl_min = span(seconds(1), hours(1));
    ttl_max = span(ttl_min, hours(24));
    if (coin()) servers = {*net::Address::parse("10.0.0.53", 53), *net::Address::parse("::1", 5353)};
  }
  timeout = span(Duration(100), hours(1));
  stale = *gen::element(Stale::keep, Stale::expire, Stale::fail);
  if (stale == Stale::expire) stale_age = span(seconds(1), hours(24));
  unknown = *gen::element(upstream::UnknownNames::fail, upstream::UnknownNames::wait);
  drain_age = span(Duration(0), hours(24));
  return names;
}

std::optional<upstream::Retry> any_retry() {
  if (coin()) return std::nullopt;
  upstream::Retry retry;
  auto& [on_connect_failure, on_reset, per_try, attempts, budget, backoff, longest, replay] = retry;
  on_reset = coin();
  on_connect_failure = !on_reset || coin();
  per_try = span(Duration(1), hours(1));
  backoff = span(Duration(1), seconds(10));
  longest = span(backoff, hours(1));
  if (on_reset) {
    attempts = from_to<std::uint32_t>(1, 100);
    budget = from_to<std::uint32_t>(1, 100);
    replay = from_to<std::uint64_t>(1, 16ULL << 20U);
  }
  return retry;
}

upstream::Group any_group(std::uint16_t index, const net::Endpoint& like) {
  using upstream::Policy;
  upstream::Group group;
  auto& [name, members, policy, on_down, queue, names, check, ejection, slow_start, panic_below, backup_below] = group;
  const bool udp = like.transport == net::Transport::udp;
  name = *gen::element<std::string>("web-", "G_") + std::to_string(index);
  names = any_names();
  const auto count = from_to<std::uint16_t>(1, 3);
  for (std::uint16_t i = 0; i < count; ++i)
    members.push_back(any_member(i, like, names.resolver == upstream::Resolver::dns));
  policy = *gen::element(Policy::first, Policy::round_robin, Policy::least_sessions, Policy::random_two,
                         Policy::source_hash, udp ? Policy::first : Policy::fastest);
  on_down = *gen::element(upstream::OnDown::keep, upstream::OnDown::reset);
  auto& [length, time] = queue;
  if (!udp) length = from_to<std::uint32_t>(0, 1000);
  if (length != 0) time = span(Duration(1), hours(24));
  check = any_check(udp);
  ejection = any_ejection();
  slow_start = span(Duration(0), hours(24));
  panic_below = from_to<std::uint32_t>(0, 100);
  backup_below = from_to<std::uint32_t>(1, 100);
  return group;
}

}  // namespace lastbyte::config
