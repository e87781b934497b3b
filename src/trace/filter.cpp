#include "trace/filter.h"

#include <algorithm>
#include <utility>

namespace lastbyte::trace {
namespace {

using kernel::EventKind;

bool right_direction(Direction direction, EventKind kind) {
  switch (direction) {
    case Direction::both: return true;
    case Direction::sent: return kind == EventKind::reset_sent || !is_reset(kind);
    case Direction::received: return kind == EventKind::reset_received || !is_reset(kind);
  }
  return true;
}

template <typename List, typename Holds>
bool any_or_none(const List& list, Holds holds) {
  return list.empty() || std::ranges::any_of(list, holds);
}

}  // namespace

bool is_reset(kernel::EventKind kind) { return kind == EventKind::reset_sent || kind == EventKind::reset_received; }

bool passes(const Filter& filter, std::uint32_t network, const kernel::TcpEvent& event) {
  const auto has_address = [&](const net::Cidr& each) {
    return each.contains(event.local) || each.contains(event.remote);
  };
  const auto has_port = [&](const net::PortRange& each) {
    const auto within = [&](std::uint16_t port) { return each.first <= port && port <= each.last; };
    return within(event.local.port()) || within(event.remote.port());
  };
  const auto has_pid = [&](std::uint32_t each) { return each == event.owner.pid || each == event.caller.pid; };
  const auto has_reason = [&](const std::string& each) { return each == event.reason; };
  return (network == 0 || event.network == network) && right_direction(filter.direction, event.kind) &&
         any_or_none(filter.networks, has_address) && any_or_none(filter.ports, has_port) &&
         any_or_none(filter.pids, has_pid) && any_or_none(filter.reasons, has_reason);
}

bool RateLimit::allows(TimePoint now) {
  if (rate_ == 0) return true;
  if (now - begin_ >= std::chrono::seconds(1)) {
    begin_ = now;
    used_ = 0;
  }
  if (used_ < rate_) {
    ++used_;
    return true;
  }
  ++refused_;
  return false;
}

std::uint64_t RateLimit::take_refused() { return std::exchange(refused_, 0); }

}  // namespace lastbyte::trace
