// Settings of upstream groups, names, retries and health checks. Sessions share them, so they are immutable. Plain
// values: config reads and checks them; probe and relay use them.
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

/// How a group chooses among the eligible members.
enum class Policy : std::uint8_t {
  first,           ///< the first healthy one of the file
  round_robin,     ///< in turn, in proportion to the weights
  least_sessions,  ///< the fewest open sessions relative to the weight
  random_two,      ///< the less loaded of two chosen by chance
  source_hash,     ///< by the client's address (Maglev); the same client gets the same member
  fastest,         ///< the least peak-EWMA of connect time, time to first byte and bad endings
};

/// What happens to the sessions of a member that goes down.
enum class OnDown : std::uint8_t { keep, reset };

/// Socket options that override those of the forwarding. Not set: the forwarding's value applies.
struct MemberOptions {
  std::optional<net::Keepalive> keepalive;
  std::optional<std::chrono::milliseconds> user_timeout;
  std::optional<std::uint32_t> mark;
  std::optional<std::string> interface;
  std::vector<net::Source> sources;  ///< empty: those of the forwarding

  friend bool operator==(const MemberOptions&, const MemberOptions&) = default;
};

/// One endpoint of a group, or one name for several addresses or, with `srv`, for several members.
struct Member {
  net::Endpoint endpoint;
  bool srv = false;          ///< `endpoint.host` is the name of an SRV record; its targets and ports are the members
  std::uint32_t weight = 1;  ///< 0 to 256; 0: the policies give it no new sessions
  bool backup = false;       ///< used only when too few other members are healthy (Group::backup_below)
  std::optional<std::uint32_t> max_sessions;
  MemberOptions options;

  friend bool operator==(const Member&, const Member&) = default;
};

enum class Resolver : std::uint8_t {
  system,  ///< getaddrinfo(3): files, DNS, mDNS as in nsswitch.conf(5); repeated by a timer
  dns,     ///< the DNS itself; repeated by TTL
};

/// Which addresses a name keeps when its look-ups fail.
enum class Stale : std::uint8_t {
  keep,    ///< the last addresses, without a time limit
  expire,  ///< the last addresses for `stale_age`, then none
  fail,    ///< no addresses, at once
};

enum class Family : std::uint8_t { any, prefer_v4, prefer_v6, only_v4, only_v6 };

/// What happens when a name has never been looked up successfully.
enum class UnknownNames : std::uint8_t {
  fail,  ///< the start, or the reload, fails
  wait,  ///< the name's members have no address until a look-up succeeds
};

struct Names {
  Resolver resolver = Resolver::system;
  Family family = Family::any;
  Duration refresh{std::chrono::seconds(30)};  ///< `system`: time between two look-ups
  Duration ttl_min{std::chrono::seconds(1)};
  Duration ttl_max{std::chrono::minutes(5)};
  Duration timeout{std::chrono::seconds(5)};  ///< limit of one look-up
  Stale stale = Stale::keep;
  Duration stale_age{std::chrono::hours(1)};
  UnknownNames unknown = UnknownNames::fail;
  std::vector<net::Address> servers = {};      ///< `dns`: servers to use instead of those in resolv.conf(5)
  Duration drain_age{std::chrono::hours(24)};  ///< after it, sessions of an address that the name lost are reset

  friend bool operator==(const Names&, const Names&) = default;
};

/// The queue of sessions that wait for a member with room.
struct Queue {
  std::uint32_t length = 0;  ///< 0: no queue; the client is reset
  Duration time{std::chrono::seconds(5)};

  friend bool operator==(const Queue&, const Queue&) = default;
};

/// An active check, in the terms of Kubernetes' probes.
struct Check {
  enum class Kind : std::uint8_t {
    tcp,        ///< connects, then closes by FIN in both directions
    expect,     ///< connects, sends `send`, and waits for `expect`
    http,       ///< GET `path`; a status from `status_from` to `status_to` succeeds
    agent,      ///< HAProxy's agent-check: one line of words
    heartbeat,  ///< frames of proto/heartbeat.proto
  };
  Kind kind = Kind::tcp;
  std::optional<std::uint16_t> port;  ///< not set: the member's own port
  Duration initial_delay{0};
  Duration period{std::chrono::seconds(10)};
  Duration timeout{std::chrono::seconds(1)};
  std::uint32_t success_threshold = 1;
  std::uint32_t failure_threshold = 3;
  std::string send;
  std::string expect;  ///< bytes that the answer must contain
  std::string path = "/";
  std::string host;  ///< Host of the HTTP request; empty: the member's name
  std::uint32_t status_from = 200;
  std::uint32_t status_to = 399;

  friend bool operator==(const Check&, const Check&) = default;
};

/// Passive health checks: bad endings of a member's sessions eject it.
struct Ejection {
  std::uint32_t after = 5;  ///< bad endings in a row
  bool on_connect_failure = true;
  bool on_early_reset = true;               ///< a reset before the first byte
  bool on_reset_unread = false;             ///< a reset while bytes for the member were unread
  bool on_timeout = false;                  ///< the session reached a limit while it waited for the member
  Duration time{std::chrono::seconds(30)};  ///< length of the first ejection; the n-th lasts n times as long
  Duration longest{std::chrono::minutes(5)};
  std::uint32_t most_percent = 50;  ///< largest share of members ejected at a time; one may always be

  friend bool operator==(const Ejection&, const Ejection&) = default;
};

struct Group {
  std::string name;  ///< unique; empty: the group stands for one forwarding's `connect`
  std::vector<Member> members;
  Policy policy = Policy::round_robin;
  OnDown on_down = OnDown::keep;
  Queue queue;
  Names names;
  std::optional<Check> check;
  std::optional<Ejection> ejection;
  Duration slow_start{0};          ///< time in which a returning member reaches its full weight
  std::uint32_t panic_below = 0;   ///< percent of healthy members below which health is ignored; 0: never
  std::uint32_t backup_below = 1;  ///< percent of healthy non-backup members below which backups serve, too

  friend bool operator==(const Group&, const Group&) = default;
};

/// Retries of a session, in the terms of Envoy and Istio. Without them, each address is tried once (T3).
struct Retry {
  bool on_connect_failure = true;
  bool on_reset = false;  ///< needs `replay`
  Duration per_try_timeout{500};
  std::uint32_t attempts = 3;         ///< limit on retries after a reset
  std::uint32_t budget_percent = 20;  ///< retries after a reset, in percent of the forwarding's sessions
  Duration backoff{1};                ///< first pause; it doubles
  Duration longest_backoff{std::chrono::seconds(8)};
  std::uint64_t replay = 0;  ///< client bytes held until the upstream answers; 0: none

  /// Whether any failure makes a session try again.
  [[nodiscard]] bool is_on() const { return on_connect_failure || on_reset; }

  friend bool operator==(const Retry&, const Retry&) = default;
};

}  // namespace lastbyte::upstream
