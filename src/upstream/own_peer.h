// When a new connection is to be asked whether it was made to itself (T3). Pure.
#pragma once

#include <optional>

#include "base/time.h"

namespace lastbyte::upstream {

/// Towards a port of this machine that nobody listens on Linux may choose that very port as the local one, and then
/// connects the socket to itself (RFC 9293 3.5, simultaneous open; net/ipv4/tcp_input.c tcp_rcv_synsent_state_process):
/// it looks like an upstream that sends everything back. As nobody listens there, other tries are refused. So a
/// connection is suspect from a refusal on until one was made to somebody else, and where the last that is known to be
/// so was made longer than kTrusted ago: a busy upstream costs no question for each session.
class OwnPeerWatch {
 public:
  static constexpr Duration kTrusted{1000};

  /// Whether a connection that is made now is suspect.
  [[nodiscard]] bool suspects(TimePoint now) const { return !somebody_ || now - *somebody_ >= kTrusted; }
  void was_refused() { somebody_.reset(); }
  /// A suspect connection is not to itself.
  void is_somebody(TimePoint now) { somebody_ = now; }

 private:
  std::optional<TimePoint> somebody_;
};

}  // namespace lastbyte::upstream
