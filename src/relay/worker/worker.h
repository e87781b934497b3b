// A worker: one thread, one epoll loop, its own listeners, sessions, pipes, timers and counters. The data path takes no
// lock, allocates nothing per message, and does not log.
#pragma once

#include <boost/lockfree/spsc_queue.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/descriptor.h"
#include "base/result.h"
#include "relay/context/listening.h"
#include "relay/terms/counters.h"
#include "relay/terms/record.h"
#include "relay/terms/view.h"

namespace lastbyte::relay {

/// Records of ended sessions on their way to the log. One worker pushes, one thread pops.
using RecordRing = boost::lockfree::spsc_queue<Record>;
/// Begin and end events of sessions, on their way to operators who follow them.
using EventRing = boost::lockfree::spsc_queue<SessionEvent>;

struct Look;      // relay/worker/inquiries.h
struct EndOrder;  // likewise

/// The state that all workers of a process share. Outlives them.
struct Shared;  // relay/context/shared.h

class Worker {
 public:
  /// Makes the epoll instance and the mailbox; starts nothing.
  static Result<std::unique_ptr<Worker>> create(unsigned index, Shared& shared);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Runs the worker's thread. Returns once the worker was drained or aborted and all sessions have ended. Call it
  /// once.
  void run();

  // From any thread:
  /// Serves these from now on, and nothing else. A socket that is served already continues without a gap: its next
  /// clients get the new settings, and its sessions keep the old ones. If a socket is no longer named, the worker
  /// accepts all clients in its queue, with the old settings, and then closes it (T15).
  void serve(std::vector<Listening> listenings);
  /// Takes the newest snapshots of groups. Older snapshots, and those of groups that it does not serve, change nothing.
  void update(std::vector<std::shared_ptr<const upstream::Snapshot>> snapshots);
  /// Stops accepting and lets sessions finish until `at`; then resets the rest, and run() returns (T15).
  void drain(TimePoint at);
  /// Resets every session now, and run() returns.
  void abort();
  /// Asks for a sign of life: the worker counts it in `beats` when it reads its mailbox.
  void beat();
  /// Runs `work` on the worker's thread when it reads its mailbox. It must be quick, and must not throw.
  void post(std::function<void()> work);
  /// CPU time that the worker's thread has used; 0 before and after run().
  [[nodiscard]] std::chrono::nanoseconds cpu_time() const;

  /// Makes the worker look at its sessions, or end some of them, in slices. After run() has returned, this does
  /// nothing.
  void look(std::shared_ptr<const Look> look);
  void end(std::shared_ptr<const EndOrder> order);

  [[nodiscard]] const Counters& counters() const;
  RecordRing& records();
  /// Filled while Shared::events_wanted is set. One thread pops.
  EventRing& events();

 private:
  class Impl;
  explicit Worker(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lastbyte::relay
