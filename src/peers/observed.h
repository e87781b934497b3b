// The observations of a scripted peer on one connection.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "net/address/address.h"

namespace lastbyte::peers {

using Elapsed = std::chrono::microseconds;

/// One step as it went, in the order in which they ended; repeated ones each time.
struct StepSeen {
  std::string text;  ///< as in the script: "send 32K"
  Elapsed began{0};
  Elapsed ended{0};
  std::string failure = {};  ///< empty: it went as scripted; "sent 4096 of 32768, then EPIPE"
};

struct Observed {
  net::Address local;
  net::Address remote;
  bool connected = false;
  Elapsed connected_at{0};

  std::uint64_t sent = 0;                    ///< bytes that our kernel took
  std::uint64_t unacknowledged = 0;          ///< of these, not acknowledged when we let go of the socket
  std::uint64_t received = 0;                ///< bytes that we have read
  std::uint64_t unread = 0;                  ///< bytes that lay unread when we let go of the socket
  std::uint64_t checksum = 0;                ///< XXH64 of what was received
  std::optional<std::uint64_t> first_wrong;  ///< where what was received first differs from what was to come

  bool fin = false;  ///< the FIN was read
  Elapsed fin_at{0};
  int error = 0;  ///< the first errno of the socket, whichever call saw it (connect included); 0: none
  Elapsed error_at{0};

  bool header = false;              ///< a PROXY protocol header came, where one was waited for
  net::Address told = {};           ///< the client's address that it told; none: it told none
  std::string header_failure = {};  ///< what was wrong with it, or why there was none

  bool timed_out = false;  ///< the time limit passed, or a stop came; the socket was reset and the rest left undone
  std::vector<StepSeen> steps;
  Elapsed ended_at{0};

  /// The connection was reset from outside before a FIN came.
  [[nodiscard]] bool reset() const;
  /// Every step went as scripted, in time, and every byte was the right one.
  [[nodiscard]] bool as_scripted() const;
  /// When the (first) step of this text ended; none: it never did.
  [[nodiscard]] std::optional<Elapsed> ended(const std::string& step) const;
  /// For a reader: counts, ending, and a line for each step.
  [[nodiscard]] std::string text() const;
};

}  // namespace lastbyte::peers
