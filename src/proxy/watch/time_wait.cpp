#include "proxy/watch/time_wait.h"

#include <fmt/format.h>

#include <utility>

#include "net/diag/port_use.h"
#include "net/diag/sockets.h"
#include "upstream/port_space.h"

namespace lastbyte::proxy {
namespace {

bool asks_for_it(const relay::Forwarding& forwarding) {
  return forwarding.connect.transport == net::Transport::tcp && forwarding.time_wait == relay::TimeWait::remove;
}

}  // namespace

void TimeWaitRemoval::watch(const std::vector<Bound>& bound) {
  if (given_up_) return;
  PortWatch::Destinations different;
  for (const Bound& each : bound)
    if (asks_for_it(*each.forwarding)) different.merge(PortWatch::destinations_of(each));
  destinations_.assign(different.begin(), different.end());
}

void TimeWaitRemoval::run() {
  for (const PortWatch::Destination& each : destinations_) {
    const auto removed = remove_from(each);
    if (!removed) {
      messages_.warn("upstream.time-wait has no effect: " + removed.error().text());
      // A missing capability or part of the kernel will not come later.
      given_up_ = true;
      return destinations_.clear();
    }
    if (*removed == 0 || std::exchange(told_, true)) continue;
    messages_.info(fmt::format("local ports towards {} run short: removed {} sockets in TIME_WAIT; this will continue",
                               each.address.text(), *removed));
  }
}

Result<std::size_t> TimeWaitRemoval::remove_from(const PortWatch::Destination& destination) const {
  const auto& [address, sources, inside] = destination;
  Result<std::size_t> removed = 0;
  run_in(inside, [&, &to = address, &from = sources] {
    const auto use = net::ports_in_use(to, from);
    const auto range = net::local_port_range();
    if (!use || !range) {
      removed = Failure(use ? range.error() : use.error());
      return;
    }
    const upstream::PortSpace space{use->sockets, upstream::ports_available(*range, from)};
    if (use->time_wait == 0 || space.percent() < kFrom) return;
    removed = net::diag::destroy_time_wait({.family = to.family(), .to = to, .from = from});
  });
  return removed;
}

}  // namespace lastbyte::proxy
