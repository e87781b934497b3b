// Removes TIME_WAIT sockets towards upstreams whose local ports run short (upstream.time-wait: remove; T13). On the
// control thread.
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
  /// A destination that uses less than this percentage of its ports keeps its TIME_WAIT sockets. They protect future
  /// connections from late segments (RFC 9293 3.4.2), so they stay while there is room.
  static constexpr std::uint64_t kFrom = 50;

  /// `messages` outlives this object.
  explicit TimeWaitRemoval(OperatorLog& messages) : messages_(messages) {}

  /// Watches these ports from now on, as far as their forwardings ask for it.
  void watch(const std::vector<Bound>& bound);
  [[nodiscard]] bool is_wanted() const { return !destinations_.empty(); }
  /// Looks at each destination, some milliseconds for each, and removes its sockets in TIME_WAIT if ports run short.
  /// Call it every kInterval.
  void run();

 private:
  [[nodiscard]] Result<std::size_t> remove_from(const PortWatch::Destination& destination) const;

  std::vector<PortWatch::Destination> destinations_;
  OperatorLog& messages_;
  bool told_ = false;
  bool given_up_ = false;
};

}  // namespace lastbyte::proxy
