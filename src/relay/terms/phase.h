// Which phase an open session is in, for an operator. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "termination/derived.h"

namespace lastbyte::relay {

enum class Phase : std::uint8_t {
  connecting,   ///< the client's PROXY header is not complete, or the upstream is not connected; a queue counts, too
  open,         ///< both directions are open; every session of datagrams
  half_closed,  ///< one direction has ended, or a last acknowledgement is missing
  lingering,    ///< a side is read only to discard (T6)
  flushing,     ///< bytes precede a reset that lastbyte passes on (T4)
};

/// The words of Phase, in its order.
inline constexpr std::array<std::string_view, 5> kPhaseWords = {"connecting", "open", "half_closed", "lingering",
                                                                "flushing"};
static_assert(kPhaseWords.size() == static_cast<std::size_t>(Phase::flushing) + 1);

constexpr std::string_view name(Phase phase) { return kPhaseWords[static_cast<std::size_t>(phase)]; }

/// How one direction stands.
enum class FlowState : std::uint8_t {
  waiting,     ///< the sink is not connected
  open,        ///< bytes may come
  draining,    ///< its source has ended, and bytes still wait for the sink
  ended,       ///< its source has ended, and nothing waits
  refused,     ///< its source has ended, and the sink took no more
  discarding,  ///< lastbyte reads and discards
};

inline constexpr std::array<std::string_view, 6> kFlowStateWords = {"waiting", "open",    "draining",
                                                                    "ended",   "refused", "discarding"};
static_assert(kFlowStateWords.size() == static_cast<std::size_t>(FlowState::discarding) + 1);

constexpr std::string_view name(FlowState state) { return kFlowStateWords[static_cast<std::size_t>(state)]; }

FlowState flow_state(const termination::Session& session, termination::Which source);

/// A stop changes which deadline is armed, and not the phase. Of a final session: half_closed. `deadline` is its own.
Phase phase_of(const termination::Session& session, termination::Deadline deadline);
inline Phase phase_of(const termination::Session& session) { return phase_of(session, termination::deadline(session)); }

}  // namespace lastbyte::relay
