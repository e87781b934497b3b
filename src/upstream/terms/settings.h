// The settings of upstream groups, names, retries and health checks. Immutable while sessions use them. Plain values;
// config reads and checks them, probe and relay use them.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "net/address/endpoint.h"
#include "net/socket/options.h"

namespace lastbyte::upstream {

/// How a group chooses a member for a session, among those that may have it.
enum class Policy : std::uint8_t {
  first,           ///< the first in the order of the file
  round_robin,     ///< in turn, as often as the weight says
  least_sessions,  ///< the fewest open sessions for the weight
  random_two,      ///< the less loaded of two chosen by chance
  source_hash,     ///< by the client's address (Maglev); the same client meets the same member
  fastest,         ///< the least peak-EWMA of connect time, time to first byte and bad endings
};

/// What happens to the sessions of a member that goes down.
enum class OnDown : std::uint8_t { keep, reset };

/// Socket options that a member sets over those of the forwarding. Not set: as the forwarding has it.
struct MemberOptions {
  std::optional<net::Keepalive> keepalive;
  std::optional<std::chrono::milliseconds> user_timeout;
  std::optional<std::uint32_t> mark;
  std::optional<std::string> interface;
  std::vector<net::Source> sources;  ///< empty: those of the forwarding

  friend bool operator==(const MemberOptions&, const MemberOptions&) = default;
};

/// One endpoint of a group, or one name that stands for several addresses or, with `srv`, for several members.
struct Member {
  net::Endpoint endpoint;
  bool srv = false;          ///< `endpoint.host` is the name of an SRV record; its targets and ports are the members
  std::uint32_t weight = 1;  ///< 0 to 256; 0: no new sessions by weight
  bool backup = false;       ///< only when too few of the others are healthy (Group::backup_below)
  std::optional<std::uint32_t> max_sessions;
  MemberOptions options;

  friend bool operator==(const Member&, const Member&) = default;
};

enum class Resolver : std::uint8_t {
  system,  ///< getaddrinfo(3): files, DNS, mDNS as nsswitch.conf(5) says; looked up again by a timer
  dns,     ///< the DNS itself, looked up again by TTL
};

/// What a name keeps that cannot be looked up any more.
enum class Stale : std::uint8_t {
  keep,    ///< its last addresses, for as long as it takes
  expire,  ///< its last addresses for `stale_age`, then none
  fail,    ///< none, at once
};

enum class Family : std::uint8_t { any, prefer_v4, prefer_v6, only_v4, only_v6 };

/// What a name that was never looked up does.
enum class UnknownNames : std::uint8_t {
  fail,  ///< the start, or the reload, fails
  wait,  ///< its members have no address until the name has one
};

struct Names {
  Resolver resolver = Resolver::system;
  Family family = Family::any;
  Duration refresh{std::chrono::seconds(30)};  ///< `system`: between two look-ups
  Duration ttl_min{std::chrono::seconds(1)};
  Duration ttl_max{std::chrono::minutes(5)};
  Duration timeout{std::chrono::seconds(5)};  ///< of one look-up
  Stale stale = Stale::keep;
  Duration stale_age{std::chrono::hours(1)};
  UnknownNames unknown = UnknownNames::fail;
  std::vector<net::Address> servers = {};      ///< `dns`: instead of those of resolv.conf(5)
  Duration drain_age{std::chrono::hours(24)};  ///< sessions of an address that a name lost are reset after it

  friend bool operator==(const Names&, const Names&) = default;
};

/// Sessions that wait for a member with room.
struct Queue {
  std::uint32_t length = 0;  ///< 0: none waits; the client is reset
  Duration time{std::chrono::seconds(5)};

  friend bool operator==(const Queue&, const Queue&) = default;
};

/// An active check, in the terms of Kubernetes' probes.
struct Check {
  enum class Kind : std::uint8_t {
    tcp,        ///< connects, and closes by FIN in both directions
    expect,     ///< connects, sends `send`, and waits for `expect`
    http,       ///< GET `path`; a status from `status_from` to `status_to` is a success
    agent,      ///< HAProxy's agent-check: one line of words
    heartbeat,  ///< the frames of proto/heartbeat.proto
  };
  Kind kind = Kind::tcp;
  std::optional<std::uint16_t> port;  ///< not set: the member's own
  Duration initial_delay{0};
  Duration period{std::chrono::seconds(10)};
  Duration timeout{std::chrono::seconds(1)};
  std::uint32_t success_threshold = 1;
  std::uint32_t failure_threshold = 3;
  std::string send;
  std::string expect;  ///< bytes that the answer has to contain
  std::string path = "/";
  std::string host;  ///< of the HTTP request; empty: the member's name
  std::uint32_t status_from = 200;
  std::uint32_t status_to = 399;

  friend bool operator==(const Check&, const Check&) = default;
};

/// Passive health: a member is ejected by how its sessions ended.
struct Ejection {
  std::uint32_t after = 5;  ///< bad endings in a row
  bool on_connect_failure = true;
  bool on_early_reset = true;               ///< a reset before the first byte
  bool on_reset_unread = false;             ///< a reset while bytes for the member lay unread
  bool on_timeout = false;                  ///< the session passed a limit while it waited for the member
  Duration time{std::chrono::seconds(30)};  ///< of the first ejection; the n-th lasts n times as long
  Duration longest{std::chrono::minutes(5)};
  std::uint32_t most_percent = 50;  ///< at most so many of the members are ejected at a time; at least one may be

  friend bool operator==(const Ejection&, const Ejection&) = default;
};

struct Group {
  std::string name;  ///< unique; empty: it stands for one forwarding's `connect` alone
  std::vector<Member> members;
  Policy policy = Policy::round_robin;
  OnDown on_down = OnDown::keep;
  Queue queue;
  Names names;
  std::optional<Check> check;
  std::optional<Ejection> ejection;
  Duration slow_start{0};          ///< a member that returns reaches its weight in this time
  std::uint32_t panic_below = 0;   ///< percent of healthy members under which health is ignored; 0: never
  std::uint32_t backup_below = 1;  ///< percent of healthy members that are no backup under which backups serve, too

  friend bool operator==(const Group&, const Group&) = default;
};

/// Further tries of a session, in the words of Envoy and Istio. Without it, each address is tried once (T3).
struct Retry {
  bool on_connect_failure = true;
  bool on_reset = false;  ///< needs `replay`
  Duration per_try_timeout{500};
  std::uint32_t attempts = 3;         ///< after the first; of those after a reset
  std::uint32_t budget_percent = 20;  ///< retries after a reset, of the forwarding's sessions
  Duration backoff{1};                ///< of the first pause; doubles
  Duration longest_backoff{std::chrono::seconds(8)};
  std::uint64_t replay = 0;  ///< bytes of the client that are held until the upstream answers; 0: none

  /// Whether there is anything after which a session tries again.
  [[nodiscard]] bool is_on() const { return on_connect_failure || on_reset; }

  friend bool operator==(const Retry&, const Retry&) = default;
};

}  // namespace lastbyte::upstream
