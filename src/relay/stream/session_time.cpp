// Session: time. Exactly one deadline is armed, the one that termination names (T8). The session's timer is set for it,
// or for something that must be checked sooner.
#include <algorithm>
#include <cassert>
#include <cerrno>

#include "relay/context/context.h"
#include "relay/side/transport.h"
#include "relay/stream/session.h"

namespace lastbyte::relay {

using termination::Deadline;
using termination::Event;

Bounds Session::bounds() const {
  const Limits& limits = listener_->forwarding->limits;
  // On trial the upstream is connected, and gets as much time as an open session (T8).
  const TimePoint connect = on_trial()
                                ? times_.activity + (reach_.group()->trial.fin_sent ? limits.half_close : limits.idle)
                                : std::min(reach_.ends(), reach_.try_ends());
  return {.limits = limits, .linger = listener_->forwarding->linger, .connect = connect, .drain = drain_at()};
}

TimePoint Session::end_of_silence() const {
  return relay::end_of_silence(state_, side(Which::upstream).kind, times_, listener_->forwarding->limits);
}

std::optional<TimePoint> Session::look_at(Deadline deadline, const Bounds& bounds) const {
  const bool empty = side(Which::client).quirks.queued == 0 && side(Which::upstream).quirks.queued == 0;
  return relay::look_at(deadline, times_, bounds, empty);
}

void Session::arm() {
  set_timer();
  assert(agrees_with_state());
}

/// Sets the timer. This is cheap when nothing changed: a deadline that only moved later is noticed when the timer
/// fires.
void Session::set_timer() {
  if (final()) {
    context_.wheel.cancel(*this);
    armed_ = Deadline::none;
    return;
  }
  if (steps_ == armed_steps_ && armed_ != Deadline::none && !looks_soon_ && !waits_for_share_) return;
  armed_steps_ = steps_;
  const Deadline deadline = termination::deadline(state_);
  show(phase_of(state_, deadline));
  // No event reports that another session's peer has received descriptors.
  const bool polls = waits_for_share_ || termination::awaits_ack(state_, Which::client) ||
                     termination::awaits_ack(state_, Which::upstream);
  if (!polls) ack_poll_.stop();
  const TimePoint silence = end_of_silence();
  looks_soon_ = polls || deadline == Deadline::connect || deadline == Deadline::queue || silence != TimePoint::max();
  if (deadline == armed_ && is_set() && !looks_soon_) return;
  armed_ = deadline;
  const Bounds bounds = this->bounds();
  TimePoint wake = std::min(passes_at(deadline, times_, bounds), silence);
  if (const auto look = look_at(deadline, bounds)) wake = std::min(wake, *look);
  if (bounds.drain) wake = std::min(wake, *bounds.drain);
  if (const auto at = times_.long_lived_at(); at && !has_long_lived_options_) wake = std::min(wake, *at);
  if (polls) wake = std::min(wake, ack_poll_.next(context_.now));
  if (reach_.group() != nullptr && reach_.group()->drains_at) wake = std::min(wake, *reach_.group()->drains_at);
  const std::uint64_t tick = context_.tick(wake);
  // A timer that fires earlier serves as well: it sets itself again.
  if (!is_set() || tick < due) context_.wheel.set(*this, tick);
}

void Session::on_timer() {
  progress();
  if (final()) return;
  const TimePoint now = context_.now;
  if (const auto at = times_.long_lived_at(); at && !has_long_lived_options_ && now >= *at) {
    has_long_lived_options_ = true;
    transport::set_long_lived_options(side(Which::upstream), upstream_options().socket);
  }
  const Deadline deadline = termination::deadline(state_);
  if (const auto look = look_at(deadline, bounds()); look && now >= *look) peers_are_slow(deadline);
  if (const auto drain = drain_at(); drain && now >= *drain && deadline != Deadline::drain) {
    apply(Event::abort, Which::client);
  } else if (reach_.group() != nullptr && reach_.group()->drains_at && now >= *reach_.group()->drains_at) {
    abandon(Abandoned::member_gone);
  } else if (on_trial()) {
    if (now >= bounds().connect) trial_times_out();
  } else if (deadline == Deadline::connect && now < reach_.ends() && now >= reach_.try_ends()) {
    if (reach_.group() != nullptr) {
      tries_overdue();
    } else if (reach_.pauses() && !awaited_) {
      reach_.try_again();
      try_next_address();
    } else {
      try_failed(ETIMEDOUT);
    }
  } else if (now >= end_of_silence()) {
    apply(Event::fin, Which::upstream);
  } else if (deadline == Deadline::proxy_header && now >= passes_at(deadline, times_, bounds())) {
    hear(Coming::late);
  } else if (deadline == Deadline::first_byte && now >= passes_at(deadline, times_, bounds())) {
    await_data();
    if (!final() && termination::deadline(state_) == Deadline::first_byte) apply(Event::deadline, Which::client);
  } else if (now >= passes_at(deadline, times_, bounds()) && !peers_are_slow(deadline) &&
             !peers_have_spoken(deadline)) {
    apply(Event::deadline, Which::client);
  }
  progress();
  armed_ = Deadline::none;  // the timer has fired and is no longer set
  arm();
}

/// Ends the trial, then reports the deadline: the record names the limit of an open session.
void Session::trial_times_out() {
  end_trial();
  progress();
  if (!final()) apply(Event::deadline, Which::client);
}

/// Checks for a slow peer while a limit on silence runs: a send queue that shrinks means that its peer is not silent.
/// The limit then starts over.
bool Session::peers_are_slow(Deadline deadline) {
  if (!is_on_silence(deadline)) return false;
  times_.looked = context_.now;
  const bool client_takes = transport::takes_bytes(side(Which::client));
  const bool upstream_takes = transport::takes_bytes(side(Which::upstream));
  if (!client_takes && !upstream_takes) return false;
  times_.activity = times_.heard = context_.now;
  return context_.now < passes_at(deadline, times_, bounds());
}

/// Polls the sockets before a limit on silence ends the session (T8). The process may have been frozen between waiting
/// for events and reading the clock: a deadline is then due before the bytes that arrived ahead of it are known.
bool Session::peers_have_spoken(Deadline deadline) {
  if (!is_on_silence(deadline)) return false;
  bool news = false;
  for (const Which which : {Which::client, Which::upstream})
    if (termination::reads(state_, which)) news = transport::fetch_events(side(which)) || news;
  if (!news) return false;
  progress();
  return final() || termination::deadline(state_) != deadline || context_.now < passes_at(deadline, times_, bounds());
}

void Session::was_held_up(TimePoint begun, TimePoint ended) {
  for (TimePoint* at : {&times_.activity, &times_.heard})
    if (*at == begun) *at = ended;
}

}  // namespace lastbyte::relay
