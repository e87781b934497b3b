// How a session ended, derived from its final state alone (T11).
#pragma once

#include "termination/session.h"

namespace lastbyte::termination {

/// How one side ended.
enum class End : std::uint8_t {
  fin,          ///< it sent its FIN and acknowledged ours: nothing is lost in either direction on its side
  reset,        ///< it reset the connection
  refused,      ///< it sent its FIN, then refused what was still sent to it
  vanished,     ///< it stopped answering, before its FIN or after it
  unreachable,  ///< it could not be connected to
  aborted,      ///< it sent its FIN, and we reset it, because the operator's settings make that FIN end the session
  rejected,     ///< we reset it, because its PROXY header was wrong, denied or missing
  untried,      ///< we never tried to connect to it
  passed_on,    ///< we reset it, because the other side had failed
  limit,        ///< we gave up on it at a deadline
  stopped,      ///< we reset it at the operator's stop
  abandoned,    ///< we reset it, because we could not continue the session ourselves
  left,         ///< we closed it while it might still have been sending (linger off, T6)
};

struct Verdict {
  std::array<End, 2> ends{};
  bool complete = false;  ///< both FINs read, both FINs sent and acknowledged, no error on either side
  Deadline limit = Deadline::none;
  First first = First::none;
  Which first_side = Which::client;

  [[nodiscard]] constexpr End end(Which which) const { return ends[static_cast<std::size_t>(which)]; }
};

/// Precondition: final(session).
Verdict verdict(const Session& session);

std::string_view name(End);

}  // namespace lastbyte::termination
