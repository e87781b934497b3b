// All counts that a session keeps for one side, so that its record can account for each byte (T11). Pure.
#pragma once

#include <cstdint>

#include "relay/terms/record.h"

namespace lastbyte::relay {

/// All counts are in bytes, except `descriptors`. The first group counts the flow out of the side, the second the flow
/// into it.
struct Ledger {
  std::uint64_t received = 0;     ///< bytes read from the side, discarded or not
  std::uint64_t discarded = 0;    ///< of these, read only to be discarded
  std::uint64_t dropped = 0;      ///< of these, read to be passed on, but then dropped
  std::uint64_t rescued = 0;      ///< of these, passed on after the side had accepted its last byte (T5)
  std::uint32_t introduced = 0;   ///< bytes of the side's PROXY header; they were read ahead of `received`
  std::uint32_t descriptors = 0;  ///< file descriptors that were passed on with its bytes (T14)

  std::uint32_t preface = 0;         ///< of `sent`, bytes of our own PROXY header, sent ahead of the flow
  std::uint32_t unacknowledged = 0;  ///< of `sent`, unacknowledged at the last look or when the socket was closed
  std::uint64_t sent = 0;            ///< bytes that the side's socket has accepted from us

  /// All bytes that were ever read from the side's socket.
  [[nodiscard]] constexpr std::uint64_t read() const { return received + introduced; }
};

/// The record's figures for the flow from `from` to `to`. received == delivered + undelivered always holds if each
/// received byte was sent, dropped or discarded.
FlowRecord flow_record(const Ledger& from, const Ledger& to);

}  // namespace lastbyte::relay
