// The phase of an open session, for an operator. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "termination/derived.h"

namespace lastbyte::relay {

enum class Phase : std::uint8_t {
  connecting,   ///< the client's PROXY header is incomplete, or the upstream is not connected; also in a queue
  open,         ///< both directions are open; every datagram session
  half_closed,  ///< one direction has ended, or a last acknowledgement is missing
  lingering,    ///< a side is read only to discard (T6)
  flushing,     ///< bytes precede a reset that lastbyte passes on (T4)
};

/// The words of Phase, in its order.
inline constexpr std::array<std::string_view, 5> kPhaseWords = {"connecting", "open", "half_closed", "lingering",
                                                                "flushing"};
static_assert(kPhaseWords.size() == static_cast<std::size_t>(Phase::flushing) + 1);

constexpr std::string_view name(Phase phase) { return kPhaseWords[static_cast<std::size_t>(phase)]; }

/// The state of one direction.
enum class FlowState : std::uint8_t {
  waiting,     ///< the sink is not connected
  open,        ///< bytes may arrive
  draining,    ///< its source has ended, and bytes still wait for the sink
  ended,       ///< its source has ended, and nothing waits
  refused,     ///< its source has ended, and the sink accepted no more
  discarding,  ///< lastbyte reads and discards
};

inline constexpr std::array<std::string_view, 6> kFlowStateWords = {"waiting", "open",    "draining",
                                                                    "ended",   "refused", "discarding"};
static_assert(kFlowStateWords.size() == static_cast<std::size_t>(FlowState::discarding) + 1);

constexpr std::string_view name(FlowState state) { return kFlowStateWords[static_cast<std::size_t>(state)]; }

FlowState flow_state(const termination::Session& session, termination::Which source);

/// The phase of a session. A stop changes the armed deadline but not the phase. A final session counts as half_closed.
/// `deadline` is the session's.
Phase phase_of(const termination::Session& session, termination::Deadline deadline);
inline Phase phase_of(const termination::Session& session) { return phase_of(session, termination::deadline(session)); }

}  // namespace lastbyte::relay
