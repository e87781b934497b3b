// bench: the two ends of a measured connection. This file: the loads, and what they share.
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
  std::uint64_t rate = 0;       ///< datagrams, sessions or messages per second over all sockets; 0: as many as possible
  std::uint64_t bulk_rate = 0;  ///< bytes per second of the bulk in a mixed load
  bool resets = false;          ///< each session ends by the client's reset instead of its FIN
};

/// The results of one slice.
struct Result {
  std::uint64_t operations = 0;
  std::uint64_t bytes = 0;
  std::uint64_t sent = 0;  ///< datagrams sent; `operations` counts the echoes
  Clock::duration elapsed{};
};

/// A load that is connected and warm. Between slices its connections stay open and idle.
class Load {
 public:
  Load() = default;
  virtual ~Load() = default;
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  /// Runs the load for this time, then waits until all pending operations have ended.
  virtual Result slice(Clock::duration duration) = 0;

  /// Latencies of all operations so far, in nanoseconds; empty if they mean nothing.
  [[nodiscard]] std::vector<std::uint32_t>& latencies() { return latencies_; }

 protected:
  void took(Clock::duration time) { latencies_.push_back(static_cast<std::uint32_t>(time.count())); }

 private:
  std::vector<std::uint32_t> latencies_;
};

/// The time that a pending operation has to end after its slice. If it takes longer, the program fails.
constexpr std::chrono::seconds kGrace{5};
/// Returns the time until the deadline and its grace, for epoll_wait. Ends the program after that.
int remaining_ms(Clock::time_point deadline);

/// Receives as fast as possible: each connection asks the origin's bulk port for one piece after another. An operation
/// is one piece.
std::unique_ptr<Load> make_bulk(const Options& options);
/// Each connection sends one message, waits for its echo, and sends the next. An operation is a message and its echo.
std::unique_ptr<Load> make_messages(const Options& options);
/// Sends small requests at a fixed rate besides bulk at a fixed rate, on separate connections, all to the origin's bulk
/// port. An operation is a request and its answer. Its time begins when the request was due.
std::unique_ptr<Load> make_mixed(const Options& options);
/// Keeps `connections` sessions open, or begins `rate` sessions per second. A session connects, exchanges one message
/// and its echo, sends a FIN, and waits for the other's FIN.
std::unique_ptr<Load> make_sessions(const Options& options);
/// Its slice opens all connections, exchanges one message on each, and leaves them open.
std::unique_ptr<Load> make_idle(const Options& options);
/// Sends datagrams at a fixed rate, from `connections` sockets in turn, and counts the echoes.
std::unique_ptr<Load> make_datagrams(const Options& options);

}  // namespace lastbyte::bench
