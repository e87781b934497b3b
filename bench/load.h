// bench: the two ends of a measured connection. This file: the loads, and what all of them do.
#pragma once

#include <netinet/in.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bench/socket.h"

namespace lastbyte::bench {

using Clock = std::chrono::steady_clock;

struct Options {
  sockaddr_in address{};
  std::size_t connections = 1;
  std::size_t message_bytes = 64;
  std::uint64_t rate = 0;       ///< datagrams, sessions or messages a second, over all sockets; 0: as fast as it goes
  std::uint64_t bulk_rate = 0;  ///< bytes a second of bulk beside the messages of a mixed load
  bool resets = false;          ///< each session ends by a reset of the client, and not by its FIN
};

/// What one slice has done.
struct Result {
  std::uint64_t operations = 0;
  std::uint64_t bytes = 0;
  std::uint64_t sent = 0;  ///< datagrams; the operations are those that were echoed
  Clock::duration elapsed{};
};

/// A load that is connected and warm. Its connections stay open between two slices, and nothing moves on them.
class Load {
 public:
  Load() = default;
  virtual ~Load() = default;
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  /// Runs the load for so long, and then until all operations under way have ended.
  virtual Result slice(Clock::duration duration) = 0;

  /// Of all operations so far, in nanoseconds; empty where they mean nothing.
  [[nodiscard]] std::vector<std::uint32_t>& latencies() { return latencies_; }

 protected:
  void took(Clock::duration time) { latencies_.push_back(static_cast<std::uint32_t>(time.count())); }

 private:
  std::vector<std::uint32_t> latencies_;
};

/// After its slice an operation that is under way has this long to end, or the program fails.
constexpr std::chrono::seconds kGrace{5};
/// What is left until the deadline and its grace, for epoll_wait; ends the program when nothing is.
int remaining_ms(Clock::time_point deadline);

/// Receives as fast as it can: each connection asks the origin's bulk port for a piece, then for the next. An operation
/// is such a piece.
std::unique_ptr<Load> make_bulk(const Options& options);
/// Each connection has one message under way: sends one, waits for its echo, sends the next. An operation is both.
std::unique_ptr<Load> make_messages(const Options& options);
/// Small requests at a fixed rate, on connections of their own, beside bulk at a fixed rate, all to the origin's bulk
/// port. An operation is a request and its answer, and takes from the moment that it was due.
std::unique_ptr<Load> make_mixed(const Options& options);
/// As many sessions at once as `connections`, or so many a second: connect, one message and its echo, FIN, wait for the
/// other's FIN.
std::unique_ptr<Load> make_sessions(const Options& options);
/// Its slice opens all connections, exchanges one message on each, and leaves them open.
std::unique_ptr<Load> make_idle(const Options& options);
/// Sends datagrams at a fixed rate, from as many sockets as `connections` in turn, and counts the echoes.
std::unique_ptr<Load> make_datagrams(const Options& options);

}  // namespace lastbyte::bench
