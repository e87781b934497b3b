// When a session did what, and which moment it waits for next (T8). Pure: time is passed in.
#pragma once

#include <optional>

#include "base/time.h"
#include "relay/terms/forwarding.h"
#include "termination/session.h"

namespace lastbyte::relay {

/// A session that has lived for so long gets the socket options that only long sessions need; short ones are spared the
/// system calls.
inline constexpr Duration kLongLived{5000};

/// Polls for acknowledgements, ever less often: no readiness tells of acknowledged bytes (the write-space callback
/// waits for a third of the buffer), and only an edge that may have come too early tells of an acknowledged FIN.
class AckPoll {
 public:
  /// When to look next, having looked at `now` or before.
  TimePoint next(TimePoint now);
  /// Nothing is unacknowledged any more.
  void stop() { *this = {}; }

 private:
  TimePoint at_{};
  Duration interval_{0};
};

struct Times {
  TimePoint started;
  TimePoint connected{};  ///< epoch: never
  TimePoint answered{};   ///< the upstream's first byte was read; epoch: none was
  TimePoint closing{};    ///< the first end or failure of a side; epoch: none yet
  TimePoint ended{};
  TimePoint activity;     ///< a byte or a FIN moved on, or a byte was acknowledged. Discarded bytes do not count
  TimePoint heard{};      ///< a byte came that was thrown away: linger.timeout goes by it
  TimePoint looked{};     ///< the send queues were last looked at, for a limit on silence
  TimePoint failed{};     ///< a side's input failed: the reset flush begins
  TimePoint lingering{};  ///< the lingering begins

  [[nodiscard]] bool was_connected() const { return connected != TimePoint{}; }
  /// When set_long_lived_options() of transport.h is due; nullopt: never connected.
  [[nodiscard]] std::optional<TimePoint> long_lived_at() const;
};

/// The bounds of a session: its forwarding's limits, and two moments that other parts decide.
struct Bounds {
  const Limits& limits;
  const Linger& linger;
  TimePoint connect;                 ///< end of the attempt under way, of the pause before the next, or of all of them
  std::optional<TimePoint> drain{};  ///< the drain time ends; nullopt: no stop was asked for (T15)
};

/// When `deadline` passes.
TimePoint passes_at(termination::Deadline deadline, const Times& times, const Bounds& bounds);

/// Whether the deadline is one on silence: idle, half_close, linger.
bool is_on_silence(termination::Deadline deadline);

/// When to look at the send queues next, during a limit on silence; nullopt: not before the limit passes. A peer that
/// takes bytes out of them is slow and not silent, and no call of ours shows that otherwise. So a limit may pass late
/// by a quarter, and by a minute at most. `empty`: the queues held nothing when last looked at.
std::optional<TimePoint> look_at(termination::Deadline deadline, const Times& times, const Bounds& bounds, bool empty);

/// When a UDP upstream has been silent for long enough after the client's FIN: its end, which it has no other form of.
/// max(): that is not what is waited for.
TimePoint end_of_silence(const termination::Session& state, net::Transport upstream, const Times& times,
                         const Limits& limits);

}  // namespace lastbyte::relay
