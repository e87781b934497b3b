// When time ends a session of datagrams, and as what. Pure.
#pragma once

#include <optional>

#include "base/time.h"
#include "relay/terms/record.h"

namespace lastbyte::relay {

/// A stop (T15): no client is heard from `asked` on, and all sessions end by `by`.
struct DatagramStop {
  TimePoint asked;
  TimePoint by;
};

struct DatagramTimes {
  Duration limit{};                 ///< limits.datagram-idle
  TimePoint heard;                  ///< the last datagram that keeps the session
  bool answered = false;            ///< the upstream spoke last
  bool has_spoken = false;          ///< the upstream has spoken at all
  std::optional<TimePoint> parted;  ///< since when its client's datagrams go elsewhere, or nowhere
  std::optional<DatagramStop> stop;
};

/// How long an upstream that has answered must be silent for its answer to be over; and how long one that has never
/// spoken can still be expected to, at a stop.
inline constexpr Duration kAnswerIsOver{1000};

/// The session ends by then. A session that hears its client no more lives on for the answer that the client may be
/// waiting for: until the answer is over, and never for longer than the limit.
TimePoint deadline(const DatagramTimes& times);
/// As what it ends. Precondition: now >= deadline(times).
DatagramEnd end_by_time(const DatagramTimes& times, TimePoint now);

}  // namespace lastbyte::relay
