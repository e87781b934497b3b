// The times of a session, and the next moment that it waits for (T8). Pure: time is passed in.
#pragma once

#include <optional>

#include "base/time.h"
#include "relay/terms/forwarding.h"
#include "termination/session.h"

namespace lastbyte::relay {

/// A session this old gets the socket options that only long sessions need; short sessions save the system calls.
inline constexpr Duration kLongLived{5000};

/// Polls for acknowledgements at growing intervals. No readiness event reports acknowledged bytes (the write-space
/// callback waits for a third of the buffer). An acknowledged FIN raises only an edge, which may have come too early.
class AckPoll {
 public:
  /// When to look next, after a look at `now` or earlier.
  TimePoint next(TimePoint now);
  /// Called when everything is acknowledged.
  void stop() { *this = {}; }

 private:
  TimePoint at_{};
  Duration interval_{0};
};

struct Times {
  TimePoint started;
  TimePoint connected{};  ///< epoch: never
  TimePoint answered{};   ///< when the upstream's first byte was read; epoch: never
  TimePoint closing{};    ///< the first end or failure of a side; epoch: none so far
  TimePoint ended{};
  TimePoint activity;  ///< when a byte or a FIN last moved on, or a byte was acknowledged. Discarded bytes do not count
  TimePoint heard{};   ///< when a byte was last discarded; linger.timeout counts from here
  TimePoint looked{};  ///< when the send queues were last checked, for a limit on silence
  TimePoint failed{};  ///< when a side's input failed, and the reset flush began
  TimePoint lingering{};  ///< when the lingering began

  [[nodiscard]] bool was_connected() const { return connected != TimePoint{}; }
  /// When set_long_lived_options() of transport.h is due; nullopt: never connected.
  [[nodiscard]] std::optional<TimePoint> long_lived_at() const;
};

/// The bounds of a session: its forwarding's limits, and two moments that other parts choose.
struct Bounds {
  const Limits& limits;
  const Linger& linger;
  TimePoint connect;  ///< end of the current attempt, of the pause before the next one, or of all attempts
  std::optional<TimePoint> drain{};  ///< end of the drain time; nullopt: no stop was requested (T15)
};

/// When `deadline` passes.
TimePoint passes_at(termination::Deadline deadline, const Times& times, const Bounds& bounds);

/// Whether the deadline is one on silence: idle, half_close, linger.
bool is_on_silence(termination::Deadline deadline);

/// When to check the send queues next during a limit on silence; nullopt: not before the limit passes. A peer that
/// drains its send queue is slow, not silent, and no other call of ours shows it. A limit may therefore pass late by a
/// quarter of it, at most by a minute. `empty`: the queues held nothing at the last check.
std::optional<TimePoint> look_at(termination::Deadline deadline, const Times& times, const Bounds& bounds, bool empty);

/// When a UDP upstream has been silent for long enough after the client's FIN. That is its end, because UDP has no
/// other. max(): the session does not wait for this.
TimePoint end_of_silence(const termination::Session& state, net::Transport upstream, const Times& times,
                         const Limits& limits);

}  // namespace lastbyte::relay
