// When time ends a datagram session, and with which DatagramEnd. Pure.
#pragma once

#include <optional>

#include "base/time.h"
#include "relay/terms/record.h"

namespace lastbyte::relay {

/// A stop (T15): from `asked` on no datagrams are taken from clients, and all sessions end by `by`.
struct DatagramStop {
  TimePoint asked;
  TimePoint by;
};

struct DatagramTimes {
  Duration limit{};                 ///< limits.datagram-idle
  TimePoint heard;                  ///< the last datagram that keeps the session alive
  bool answered = false;            ///< the upstream spoke last
  bool has_spoken = false;          ///< the upstream has spoken at all
  std::optional<TimePoint> parted;  ///< when its client's datagrams began to go elsewhere, or nowhere
  std::optional<DatagramStop> stop;
};

/// The silence after which an upstream's answer counts as complete. At a stop, also how long to wait for an upstream
/// that has never spoken.
inline constexpr Duration kAnswerIsOver{1000};

/// When the session ends at the latest. A session that no longer hears its client lives on for the answer that the
/// client may be waiting for: until that answer is complete, and never longer than the limit.
TimePoint deadline(const DatagramTimes& times);
/// The end that the record names. Precondition: now >= deadline(times).
DatagramEnd end_by_time(const DatagramTimes& times, TimePoint now);

}  // namespace lastbyte::relay
