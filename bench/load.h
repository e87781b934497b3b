// bench: the two ends of a measured connection. This file: the loads, and what all of them do.
#pragma once

#include <netinet/in.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "bench/socket.h"

namespace lastbyte::bench {

using Clock = std::chrono::steady_clock;

struct Options {
  sockaddr_in address{};
  std::size_t connections = 1;
  std::size_t message_bytes = 64;
  std::uint64_t rate = 0;  ///< datagrams a second, over all sockets
  Clock::duration duration{std::chrono::seconds(2)};
};

/// What was done between "go" and the end, and how long each operation took.
struct Result {
  std::uint64_t operations = 0;
  std::uint64_t bytes = 0;
  std::uint64_t sent = 0;  ///< datagrams; the operations are those that were echoed
  Clock::duration elapsed{};
  std::vector<std::uint32_t> latencies_ns;  ///< empty where it means nothing
  std::vector<Descriptor> open;             ///< what stays connected until the orchestrator has measured
};

/// Everything is set up and warm: says so, and returns when the orchestrator has taken its measurements.
void wait_for_go();
/// After the duration an operation that is under way has this long to end, or the run has failed.
constexpr std::chrono::seconds kGrace{5};
/// What is left of the run and its grace, for epoll_wait; ends the program when nothing is.
int remaining_ms(Clock::time_point deadline);

/// Receives as fast as it can: each connection asks the origin's bulk port for a large piece, then for the next.
/// An operation is such a piece.
Result run_bulk(const Options& options);
/// Each connection has one message under way: sends one, waits for its echo, sends the next. An operation is both.
Result run_messages(const Options& options);
/// As many sessions at once as `connections`: connect, one message and its echo, FIN, wait for the other's FIN.
Result run_sessions(const Options& options);
/// Opens all connections, exchanges one message on each, and lets them be until the orchestrator has measured.
Result run_idle(const Options& options);
/// Sends datagrams at a fixed rate, from as many sockets as `connections` in turn, and counts the echoes.
Result run_datagrams(const Options& options);

}  // namespace lastbyte::bench
