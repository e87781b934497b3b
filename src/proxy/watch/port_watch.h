// Measures how full the space of local ports towards each upstream is. The control thread looks from time to time, and
// warns the operator before connecting fails with EADDRNOTAVAIL (T13).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_set>
#include <vector>

#include "base/result.h"
#include "net/address/address.h"
#include "net/namespace/thread.h"
#include "observe/metrics/snapshot.h"
#include "proxy/listen/listeners.h"
#include "proxy/process/operator_log.h"
#include "upstream/port_space.h"

namespace lastbyte::proxy {

class PortWatch {
 public:
  struct Destination {
    net::Address address;
    std::vector<net::Source> sources;                   ///< as the forwarding's upstream has them
    std::shared_ptr<net::NamespaceThread> inside = {};  ///< the namespace whose ports are used; null: the process's own

    friend bool operator==(const Destination&, const Destination&) = default;
    struct Hash {
      std::size_t operator()(const Destination& it) const { return net::AddressHash{}(it.address); }
    };
  };

  using Destinations = std::unordered_set<Destination, Destination::Hash>;
  /// Returns the addresses that sessions of a port connect to: those of its upstream, or of its group's current
  /// members.
  static Destinations destinations_of(const Bound& bound);

  /// `messages` outlives this object.
  explicit PortWatch(OperatorLog& messages) : messages_(messages) {}

  /// Watches the upstreams of these ports from now on. What is known about earlier destinations is kept.
  void watch(const std::vector<Bound>& bound);

  /// Asks the kernel about the next few destinations in turn, some milliseconds for each. It does so only if sessions
  /// have begun since the last look, or a destination was nearly full then. `sessions`: begun since the start.
  void look(std::uint64_t sessions);
  /// Returns what the last looks found, each address once. Destinations that were not looked at are left out.
  [[nodiscard]] std::vector<observe::PortsSnapshot> seen() const;

 private:
  struct Watched {
    Destination destination;
    upstream::PortAlarm alarm;
    std::optional<observe::PortsSnapshot> seen = {};  ///< nullopt: not looked at yet
  };
  [[nodiscard]] bool is_worth_it(std::uint64_t sessions) const;
  void look_at(Watched& watched);
  void give_up(const Error& error);

  bool given_up_ = false;

  std::vector<Watched> watched_;
  OperatorLog& messages_;
  std::size_t next_ = 0;
  std::uint64_t sessions_seen_ = 0;
};

}  // namespace lastbyte::proxy
