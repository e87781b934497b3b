// Session: time. One deadline is armed, the one that termination names (T8); the worker's timer is set for it, or for
// something that must be looked at sooner.
#include <algorithm>
#include <cassert>

#include "net/socket/socket.h"
#include "relay/context/context.h"
#include "relay/stream/kinds.h"
#include "relay/stream/session.h"

namespace lastbyte::relay {

using termination::Deadline;
using termination::Event;

namespace {

/// A session that has lived for so long gets the socket options that only matter to long ones; short ones are spared
/// the system calls.
constexpr Duration kSettleIn{5000};

/// No readiness tells of acknowledged bytes (the write-space callback waits for a third of the buffer), and only an
/// edge that may have come too early tells of an acknowledged FIN. So it is looked at, ever less often.
constexpr Duration kFirstAckPoll{1};
constexpr Duration kLongestAckPoll{250};

/// How often the send queues are looked at while there is silence and they hold something: a peer that takes bytes out
/// of them is slow, and no call of ours shows that. By so much a limit on silence may pass too late; a short one by a
/// quarter.
constexpr Duration kLongestLookInterval{60'000};

bool is_on_silence(Deadline deadline) {
  return deadline == Deadline::idle || deadline == Deadline::half_close || deadline == Deadline::linger;
}

}  // namespace

TimePoint Session::deadline_time(Deadline deadline) const {
  const Limits& limits = listener_->forwarding->limits;
  const Linger& linger = listener_->forwarding->linger;
  switch (deadline) {
    case Deadline::none: return TimePoint::max();
    case Deadline::proxy_header: return started_ + limits.proxy_header;
    case Deadline::connect: return std::min(tries_began_ + limits.connect, try_until_);
    case Deadline::idle: return last_activity_ + limits.idle;
    case Deadline::half_close: return last_activity_ + limits.half_close;
    case Deadline::reset_flush: return failed_ + limits.reset_flush;
    case Deadline::linger:
      if (linger.mode == termination::LingerMode::always) return lingering_ + linger.time;
      return std::min(lingering_ + linger.time, last_heard_ + linger.timeout);
    case Deadline::drain: return context_.drain_at.value_or(TimePoint::max());
  }
  return TimePoint::max();
}

void Session::arm() {
  set_timer();
  assert(agrees_with_state());
}

/// Between two events, what is kept here is what termination says: which sockets are held, whether bytes wait, which
/// deadline is armed. All tests hold it in the builds that assert.
bool Session::agrees_with_state() const {
  for (const Which which : {Which::client, Which::upstream}) {
    const termination::Side& known = state_.side(which);
    const bool has_socket = known.hold == termination::Hold::held && known.output != termination::Output::untried;
    const bool pauses =
        known.output == termination::Output::connecting && (backlog_pause_ != Duration{0} || awaited_ != nullptr);
    if (!pauses && static_cast<bool>(side(which).socket) != has_socket) return false;
    const bool waits = side(which).carrier.waiting() > 0 || (which == Which::client && has_preface());
    if (waits != known.pending) return false;
  }
  return armed_ == termination::deadline(state_) && is_set() == !final();
}

/// Cheap where nothing changed: a deadline that only moved away is found out when the timer fires.
void Session::set_timer() {
  if (final()) {
    context_.wheel.cancel(*this);
    armed_ = Deadline::none;
    return;
  }
  const Deadline deadline = termination::deadline(state_);
  // No event tells of descriptors that another session's peer has received.
  const bool polls = waits_for_share_ || termination::awaits_ack(state_, Which::client) ||
                     termination::awaits_ack(state_, Which::upstream);
  if (!polls) {
    ack_poll_ = TimePoint{};
    ack_poll_interval_ = Duration{0};
  }
  const TimePoint silence = end_of_silence();
  const bool looks_soon = polls || deadline == Deadline::connect || silence != TimePoint::max();
  if (deadline == armed_ && is_set() && !looks_soon) return;
  armed_ = deadline;
  TimePoint wake = std::min(deadline_time(deadline), silence);
  if (const auto look = look_time(deadline)) wake = std::min(wake, *look);
  if (context_.drain_at) wake = std::min(wake, *context_.drain_at);
  if (!settled_in_ && connected_ != TimePoint{}) wake = std::min(wake, connected_ + kSettleIn);
  if (polls) {
    if (ack_poll_ <= context_.now) {
      ack_poll_interval_ = std::clamp(ack_poll_interval_ * 2, kFirstAckPoll, kLongestAckPoll);
      ack_poll_ = context_.now + ack_poll_interval_;
    }
    wake = std::min(wake, ack_poll_);
  }
  context_.wheel.set(*this, context_.tick(wake));
}

void Session::on_timer() {
  progress();
  if (final()) return;
  if (!settled_in_ && connected_ != TimePoint{} && context_.now >= connected_ + kSettleIn) settle_in();

  const Deadline deadline = termination::deadline(state_);
  if (const auto look = look_time(deadline); look && context_.now >= *look) peers_are_slow(deadline);
  if (context_.drain_at && context_.now >= *context_.drain_at && deadline != Deadline::drain) {
    apply(Event::abort, Which::client);
  } else if (deadline == Deadline::connect && context_.now < tries_began_ + listener_->forwarding->limits.connect &&
             context_.now >= try_until_) {
    backlog_pause_ == Duration{0} || awaited_ ? try_failed(ETIMEDOUT) : try_same_address();
  } else if (context_.now >= end_of_silence()) {
    apply(Event::fin, Which::upstream);
  } else if (deadline == Deadline::proxy_header && context_.now >= deadline_time(deadline)) {
    hear_client(Coming::late);
  } else if (context_.now >= deadline_time(deadline) && !peers_are_slow(deadline)) {
    apply(Event::deadline, Which::client);
  }
  progress();
  armed_ = Deadline::none;  // the timer is spent, whatever comes
  arm();
}

/// When to look at the send queues next; nullopt: not before the limit passes, or they are known to be empty.
std::optional<TimePoint> Session::look_time(Deadline deadline) const {
  if (!is_on_silence(deadline)) return std::nullopt;
  const TimePoint since = deadline == Deadline::linger ? last_heard_ : last_activity_;
  const bool empty = side(Which::client).queued == 0 && side(Which::upstream).queued == 0;
  if (looked_ >= since && empty) return std::nullopt;
  const TimePoint end = deadline_time(deadline);
  const auto interval = std::min<Clock::duration>((end - since) / 4, kLongestLookInterval);
  const TimePoint look = std::max(since, looked_) + interval;
  return look < end ? std::optional(look) : std::nullopt;
}

/// During a limit on silence and before it passes: bytes that lie in our send queues and get fewer are no silence. The
/// limit then begins anew.
bool Session::peers_are_slow(Deadline deadline) {
  if (!is_on_silence(deadline)) return false;
  looked_ = context_.now;
  const bool client_takes = takes_bytes(Which::client);
  const bool upstream_takes = takes_bytes(Which::upstream);
  if (!client_takes && !upstream_takes) return false;
  last_activity_ = last_heard_ = context_.now;
  return context_.now < deadline_time(deadline);
}

void Session::settle_in() {
  settled_in_ = true;
  Side& upstream = side(Which::upstream);
  if (!upstream.socket) return;
  keep_urgent_inline(upstream);
  net::apply_keepalive(upstream.socket.get(), listener_->forwarding->upstream.socket.keepalive);
}

}  // namespace lastbyte::relay
