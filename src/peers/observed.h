// What a scripted peer observed on one connection.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "net/address/address.h"

namespace lastbyte::peers {

using Elapsed = std::chrono::microseconds;

/// One executed step. Steps are listed in the order in which they ended, and a repeated step once for each time.
struct StepSeen {
  std::string text;  ///< as in the script: "send 32K"
  Elapsed began{0};
  Elapsed ended{0};
  std::string failure = {};  ///< "sent 4096 of 32768, then EPIPE"; empty: the step went as scripted
};

struct Observed {
  net::Address local;
  net::Address remote;
  bool connected = false;
  Elapsed connected_at{0};

  std::uint64_t sent = 0;                    ///< bytes that the peer's own kernel accepted
  std::uint64_t unacknowledged = 0;          ///< bytes not acknowledged when the peer closed the socket
  std::uint64_t received = 0;                ///< bytes that the peer read
  std::uint64_t unread = 0;                  ///< bytes unread when the peer closed the socket
  std::uint64_t checksum = 0;                ///< XXH64 of the received bytes
  std::optional<std::uint64_t> first_wrong;  ///< position of the first received byte that differs from the expected one

  bool fin = false;  ///< the peer read the FIN
  Elapsed fin_at{0};
  int error = 0;  ///< the first errno of any call on the socket, connect(2) included; 0: none
  Elapsed error_at{0};

  bool header = false;              ///< the expected PROXY protocol header came
  net::Address told = {};           ///< the client's address in the header; none: it has none
  std::string header_failure = {};  ///< what was wrong with the header, or why there was none

  bool timed_out = false;  ///< the time limit passed or stop() was called; the socket was reset
  std::vector<StepSeen> steps;
  Elapsed ended_at{0};

  /// Returns whether the other side reset the connection before a FIN.
  [[nodiscard]] bool reset() const;
  /// Returns whether every step went as scripted and in time, and every byte was right.
  [[nodiscard]] bool as_scripted() const;
  /// Returns when the first step with this text ended; nullopt: no such step ended.
  [[nodiscard]] std::optional<Elapsed> ended(const std::string& step) const;
  /// Returns the counts, the ending, and a line for each step.
  [[nodiscard]] std::string text() const;
};

}  // namespace lastbyte::peers
