#include "relay/reach/leftovers.h"

#include <algorithm>
#include <cerrno>

#include "relay/side/errors.h"
#include "relay/side/transport.h"

namespace lastbyte::relay {

Leftovers::~Leftovers() {
  context_.wheel.cancel(timer_);
  for (List* list : {&lingering_, &dead_}) list->clear_and_dispose([](Rival* rival) { delete rival; });
}

void Leftovers::take(Rival* rival, const Linger& linger) noexcept {
  rival->session = nullptr;
  // shutdown() aborts a connection that is not established yet (net/ipv4/af_inet.c inet_shutdown: TCP_SYN_SENT).
  const bool made = transport::send_fin(rival->side);
  if (!made || linger.mode == termination::LingerMode::off || rival->side.kind == net::Transport::udp)
    return discard(rival);
  rival->until = context_.now + linger.time;
  rival->timeout = linger.mode == termination::LingerMode::always ? linger.time : linger.timeout;
  rival->quiet_until = context_.now + rival->timeout;
  lingering_.push_back(*rival);
  if (!read(*rival)) return close(*rival);
  set_timer();
}

void Leftovers::discard(Rival* rival) noexcept {
  rival->session = nullptr;
  rival->side.socket.close();
  dead_.push_back(*rival);
}

void Leftovers::on_events(Rival& rival, std::uint32_t /*events*/) {
  if (!rival.side.socket) return;
  if (!read(rival)) close(rival);
}

/// False: the peer has sent its FIN, or the connection has failed.
bool Leftovers::read(Rival& rival) {
  for (int reads = 0; reads < 64; ++reads) {  // a flood must not hold up the others for longer (T12)
    const ssize_t got = transport::read_and_forget(rival.side, *context_.buffer, kPipeSize, false);
    if (got > 0) {
      rival.quiet_until = context_.now + rival.timeout;
      continue;
    }
    return got < 0 && (would_block(errno) || errno == EINTR);
  }
  // No edge would report the rest. Changing the registration makes epoll report it.
  (void)context_.epoll.change(rival.side.socket.get(), kWatchedEvents, Tag::of(&rival, TagKind::rival));
  return true;
}

void Leftovers::close(Rival& rival) {
  lingering_.erase(lingering_.iterator_to(rival));
  discard(&rival);
}

void Leftovers::set_timer() {
  TimePoint next = TimePoint::max();
  for (const Rival& each : lingering_) next = std::min({next, each.until, each.quiet_until});
  if (next == TimePoint::max()) return;
  if (context_.drain_at) next = std::min(next, *context_.drain_at);
  context_.wheel.set(timer_, context_.tick(next));
}

void Leftovers::on_timer() {
  for (auto next = lingering_.begin(); next != lingering_.end();) {
    Rival& each = *next++;
    const bool stopped = context_.drain_at && context_.now >= *context_.drain_at;
    if (stopped || context_.now >= std::min(each.until, each.quiet_until)) close(each);
  }
  set_timer();
}

void Leftovers::drain() { set_timer(); }

void Leftovers::bury() {
  dead_.clear_and_dispose([](Rival* rival) { delete rival; });
}

void Leftovers::close_all() {
  while (!lingering_.empty()) close(lingering_.front());
  context_.wheel.cancel(timer_);
}

}  // namespace lastbyte::relay
