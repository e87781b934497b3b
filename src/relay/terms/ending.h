// How a session ended, in one of twelve words: few enough for a label of a metric. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "relay/terms/record.h"
#include "termination/verdict.h"

namespace lastbyte::relay {

enum class Ending : std::uint8_t {
  complete,  ///< both sides ended with a FIN and acknowledged everything, or the client did so without a byte and
             ///< without an upstream (connect-on: data); UDP: silence, or a stop with no answer owed
  reset_by_client,
  reset_by_upstream,
  refused_by_client,
  refused_by_upstream,
  client_vanished,
  upstream_vanished,
  unreachable,  ///< the upstream could not be reached; UDP: its socket reported an error
  rejected,     ///< the client, for its PROXY header
  limit,        ///< a time limit passed; UDP: the session made room for a new client
  stopped,      ///< by the operator
  other,        ///< abandoned by lastbyte, or closed with lingering off
};

/// The words of Ending, in its order.
inline constexpr std::array<std::string_view, 12> kEndingWords = {"complete",
                                                                  "reset_by_client",
                                                                  "reset_by_upstream",
                                                                  "refused_by_client",
                                                                  "refused_by_upstream",
                                                                  "client_vanished",
                                                                  "upstream_vanished",
                                                                  "unreachable",
                                                                  "rejected",
                                                                  "limit",
                                                                  "stopped",
                                                                  "other"};
static_assert(kEndingWords.size() == static_cast<std::size_t>(Ending::other) + 1);

constexpr std::string_view name(Ending ending) { return kEndingWords[static_cast<std::size_t>(ending)]; }

/// The side that is to blame for a session's end: the one that failed first, or else the one that failed worst.
termination::Which culprit(const termination::Verdict& verdict);

Ending ending_of(const Record& record);

/// Whether the session was a probe: a stream client that sent nothing, got nothing delivered, and left on its own, with
/// a FIN or a reset, while nothing else failed.
bool is_empty(const Record& record);

}  // namespace lastbyte::relay
