// relay: sessions in motion. This file: the settings of one forwarding, immutable while sessions use them.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "net/endpoint.h"
#include "net/options.h"
#include "termination/session.h"

namespace lastbyte::relay {

/// T8: every waiting has an end, and each is one of these.
struct Limits {
  Duration connect{std::chrono::seconds(10)};      ///< all tries to reach the upstream together
  Duration idle{std::chrono::hours(24)};           ///< no byte either way, both flows open
  Duration half_close{std::chrono::minutes(10)};   ///< no byte either way, one flow ended
  Duration reset_flush{std::chrono::seconds(10)};  ///< bytes ahead of a reset to be acknowledged, in all (T4)

  friend bool operator==(const Limits&, const Limits&) = default;
};

/// T6. `off`: close at once. `on`: at most `time` in all, and at most `timeout` without data. `always`: the whole
/// `time`, however quiet the peer is.
struct Linger {
  termination::LingerMode mode = termination::LingerMode::on;
  Duration time{std::chrono::seconds(30)};
  Duration timeout{std::chrono::seconds(5)};

  friend bool operator==(const Linger&, const Linger&) = default;
};

/// What a client's FIN means that comes before the upstream is connected (T3): by default it is kept and passed on.
enum class EarlyFin : std::uint8_t { keep, abort };

struct Forwarding {
  std::string name;  ///< unique; shown in records. By default the listening endpoint as written.
  net::Endpoint listen;
  net::Endpoint connect;
  net::ListenOptions client;
  net::ConnectOptions upstream;
  Limits limits;
  Linger linger;
  EarlyFin early_fin = EarlyFin::keep;
  std::optional<std::uint32_t> max_sessions;             ///< on this listener; more wait in the backlog
  std::optional<std::uint32_t> max_sessions_per_client;  ///< per client address; more are reset

  friend bool operator==(const Forwarding&, const Forwarding&) = default;
};

}  // namespace lastbyte::relay
