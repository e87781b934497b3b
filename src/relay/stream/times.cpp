#include "relay/stream/times.h"

#include <algorithm>

#include "termination/transition.h"

namespace lastbyte::relay {

using termination::Deadline;

namespace {

constexpr Duration kFirstAckPoll{1};
constexpr Duration kLongestAckPoll{250};

constexpr Duration kLongestLookInterval{60'000};

}  // namespace

TimePoint AckPoll::next(TimePoint now) {
  if (at_ <= now) {
    interval_ = std::clamp(interval_ * 2, kFirstAckPoll, kLongestAckPoll);
    at_ = now + interval_;
  }
  return at_;
}

std::optional<TimePoint> Times::long_lived_at() const {
  return was_connected() ? std::optional(connected + kLongLived) : std::nullopt;
}

TimePoint passes_at(Deadline deadline, const Times& times, const Bounds& bounds) {
  const Limits& limits = bounds.limits;
  switch (deadline) {
    case Deadline::none: return TimePoint::max();
    case Deadline::proxy_header: return times.started + limits.proxy_header;
    case Deadline::first_byte: return times.activity + limits.first_byte;
    case Deadline::queue:
    case Deadline::connect: return bounds.connect;
    case Deadline::idle: return times.activity + limits.idle;
    case Deadline::half_close: return times.activity + limits.half_close;
    case Deadline::reset_flush: return times.failed + limits.reset_flush;
    case Deadline::linger: {
      const TimePoint whole = times.lingering + bounds.linger.time;
      if (bounds.linger.mode == termination::LingerMode::always) return whole;
      return std::min<TimePoint>(whole, times.heard + bounds.linger.timeout);
    }
    case Deadline::drain: return bounds.drain.value_or(TimePoint::max());
  }
  return TimePoint::max();
}

bool is_on_silence(Deadline deadline) {
  return deadline == Deadline::idle || deadline == Deadline::half_close || deadline == Deadline::linger;
}

std::optional<TimePoint> look_at(Deadline deadline, const Times& times, const Bounds& bounds, bool empty) {
  if (!is_on_silence(deadline)) return std::nullopt;
  const TimePoint since = deadline == Deadline::linger ? times.heard : times.activity;
  if (times.looked >= since && empty) return std::nullopt;
  const TimePoint end = passes_at(deadline, times, bounds);
  const auto interval = std::min<Clock::duration>((end - since) / 4, kLongestLookInterval);
  const TimePoint look = std::max(since, times.looked) + interval;
  return look < end ? std::optional(look) : std::nullopt;
}

TimePoint end_of_silence(const termination::Session& state, net::Transport upstream, const Times& times,
                         const Limits& limits) {
  const bool waits = upstream == net::Transport::udp && termination::reads(state, termination::Which::upstream) &&
                     state.side(termination::Which::client).input == termination::Input::fin;
  return waits ? times.activity + limits.datagram_idle : TimePoint::max();
}

}  // namespace lastbyte::relay
