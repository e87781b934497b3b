// relay: open sessions. This file: the settings of one forwarding, immutable while sessions use them.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "net/address/access_list.h"
#include "net/address/endpoint.h"
#include "net/proxy_protocol/header.h"
#include "net/socket/options.h"
#include "termination/session.h"
#include "upstream/terms/settings.h"

namespace lastbyte::relay {

/// The time limits. Every wait ends by one of them (T8).
struct Limits {
  Duration connect{std::chrono::seconds(10)};       ///< for all tries to connect to the upstream together
  Duration idle{std::chrono::hours(24)};            ///< no byte either way, both flows open
  Duration half_close{std::chrono::minutes(10)};    ///< no byte either way, one flow ended
  Duration reset_flush{std::chrono::seconds(10)};   ///< for bytes ahead of a reset to be acknowledged, in total (T4)
  Duration proxy_header{std::chrono::seconds(5)};   ///< from accept() to the end of the client's PROXY header
  Duration first_byte{std::chrono::minutes(1)};     ///< from there to its first byte, with ConnectOn::data
  Duration datagram_idle{std::chrono::minutes(1)};  ///< no datagram either way; ends a datagram session

  friend bool operator==(const Limits&, const Limits&) = default;
};

/// How to linger (T6). `off`: close at once. `on`: at most `time` in total, and at most `timeout` without data.
/// `always`: the whole `time`, however quiet the peer is.
struct Linger {
  termination::LingerMode mode = termination::LingerMode::on;
  Duration time{std::chrono::seconds(30)};
  Duration timeout{std::chrono::seconds(5)};

  friend bool operator==(const Linger&, const Linger&) = default;
};

/// The treatment of a client's FIN that comes before the upstream is connected (T3): by default it is passed on later.
enum class EarlyFin : std::uint8_t { keep, abort };
/// The client's action that makes lastbyte connect to the upstream.
enum class ConnectOn : std::uint8_t {
  accept,  ///< it connects
  data,    ///< it sends its first byte, after its PROXY header if there is one
};

/// The treatment of a client's FIN that comes later, while the upstream may still answer: by default it is passed on
/// (T2). `abort`: the client counts as gone (T7).
enum class LateFin : std::uint8_t { keep, abort };

/// The treatment of sockets in TIME_WAIT towards the upstream when local ports run short (T13).
enum class TimeWait : std::uint8_t {
  keep,    ///< they stay for their minute
  remove,  ///< they are destroyed (SOCK_DESTROY); late segments may then be taken for those of a new connection
};

/// Whether clients send a PROXY header ahead of their bytes (net/proxy_protocol/header.h).
enum class ProxyHeader : std::uint8_t {
  off,       ///< all bytes are the client's own
  optional,  ///< a header is accepted if there is one
  required,  ///< a client without one is reset
};

/// How a UDP listener that has max-sessions sessions treats a new client.
enum class WhenFull : std::uint8_t {
  refuse,  ///< drops the datagram, and counts it
  oldest,  ///< ends the session that has been silent the longest
};

struct Forwarding {
  std::string name;  ///< unique; shown in records. By default the listening endpoint as written.
  net::Endpoint listen;
  /// The upstream. With `group`, only its transport matters: that of all members of the group.
  net::Endpoint connect;
  std::string group;                     ///< name of the group that sessions go to; empty: they go to `connect`
  upstream::Names names;                 ///< how the host of `connect` is looked up; a group has its own
  std::optional<upstream::Retry> retry;  ///< nullopt: each address is tried once (T3)
  net::ListenOptions client;
  net::ConnectOptions upstream;
  Limits limits;
  Linger linger;
  ConnectOn connect_on = ConnectOn::accept;
  EarlyFin early_fin = EarlyFin::keep;
  LateFin late_fin = LateFin::keep;
  TimeWait time_wait = TimeWait::keep;
  net::AccessList access;  ///< by the client's address, or the one in its PROXY header
  ProxyHeader proxy_header = ProxyHeader::off;
  net::Networks proxy_trusted;                             ///< peers that may send a header; empty: all
  std::optional<net::proxy_protocol::Version> send_proxy;  ///< the header sent to the upstream; nullopt: none
  WhenFull when_full = WhenFull::refuse;
  std::optional<std::uint32_t> max_sessions;             ///< on this listener; more wait in the backlog
  std::optional<std::uint32_t> max_sessions_per_client;  ///< per client address; more are reset

  friend bool operator==(const Forwarding&, const Forwarding&) = default;
};

}  // namespace lastbyte::relay
