// A worker: one thread, one epoll loop, its own listeners, sessions, pipes, timers and counters. Nothing on the path of
// a byte takes a lock, allocates per message or logs.
#pragma once

#include <boost/lockfree/spsc_queue.hpp>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/descriptor.h"
#include "base/result.h"
#include "relay/context/listening.h"
#include "relay/terms/counters.h"
#include "relay/terms/record.h"

namespace lastbyte::relay {

/// Finished sessions on their way to the log. One worker pushes, one thread pops.
using RecordRing = boost::lockfree::spsc_queue<Record>;

/// What all workers of a process share. Outlives them.
struct Shared;  // relay/context/shared.h

class Worker {
 public:
  /// Makes the epoll instance and the mailbox; starts nothing.
  static Result<std::unique_ptr<Worker>> create(unsigned index, Shared& shared);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// The thread's whole life: until drained or aborted, all sessions ended. Call it once.
  void run();

  // From any thread:
  /// From now on these are served, and nothing else. A socket that is served already goes on without a gap: its next
  /// clients come under what is new, sessions end with what they began with. From a socket that is no longer named all
  /// who wait in its queue are accepted, under what it had; then it is let go (T15).
  void serve(std::vector<Listening> listenings);
  /// T15: stops accepting and lets sessions finish until `at`; then resets the rest, and run() returns.
  void drain(TimePoint at);
  /// Resets every session now, and run() returns.
  void abort();
  /// Asks for a sign of life: the worker counts it in `beats` when it comes to its mail.
  void beat();

  [[nodiscard]] const Counters& counters() const;
  RecordRing& records();

 private:
  class Impl;
  explicit Worker(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lastbyte::relay
