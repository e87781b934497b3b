// Opt-in removal of TIME_WAIT towards upstreams whose local ports are running short (upstream.time-wait: remove; T13).
// On the control thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "proxy/process/operator_log.h"
#include "proxy/watch/port_watch.h"

namespace lastbyte::proxy {

class TimeWaitRemoval {
 public:
  static constexpr Duration kInterval{1000};
  /// Below this use of its ports, in percent, a destination keeps its TIME_WAIT: it protects connections to come from
  /// late segments (RFC 9293 3.4.2), and so it stays for as long as there is room.
  static constexpr std::uint64_t kFrom = 50;

  /// `messages` outlives it.
  explicit TimeWaitRemoval(OperatorLog& messages) : messages_(messages) {}

  /// From now on these forwardings count, as far as they ask for it.
  void watch(const std::vector<Bound>& bound);
  [[nodiscard]] bool is_wanted() const { return !destinations_.empty(); }
  /// Looks at each destination, some milliseconds for each, and ends its sockets in TIME_WAIT where ports run short. To
  /// be called every kInterval.
  void run();

 private:
  [[nodiscard]] Result<std::size_t> remove_from(const PortWatch::Destination& destination) const;

  std::vector<PortWatch::Destination> destinations_;
  OperatorLog& messages_;
  bool told_ = false;
  bool given_up_ = false;
};

}  // namespace lastbyte::proxy
