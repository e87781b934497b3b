// A worker: one thread, one epoll loop, its own listeners, sessions, pipes, timers and counters. Nothing on the path of
// a byte takes a lock, allocates per message or logs.
#pragma once

#include <sys/types.h>

#include <array>
#include <atomic>
#include <boost/lockfree/spsc_queue.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/descriptor.h"
#include "base/result.h"
#include "net/namespace/thread.h"
#include "net/root/thread.h"
#include "relay/terms/forwarding.h"
#include "relay/terms/record.h"

namespace lastbyte::relay {

/// Finished sessions on their way to the log. One worker pushes, one thread pops.
using RecordRing = boost::lockfree::spsc_queue<Record>;

/// Single-writer counters: the worker writes, anybody reads. Monotonic, except `open`.
struct Counters {
  std::atomic<std::uint64_t> accepted{0};
  std::atomic<std::uint64_t> ended{0};
  std::atomic<std::uint64_t> open{0};               ///< sessions now
  std::atomic<std::uint64_t> stopped{0};            ///< of those that ended, reset by a stop (T15)
  std::atomic<std::uint64_t> refused_clients{0};    ///< reset, over max_sessions_per_client
  std::atomic<std::uint64_t> denied_clients{0};     ///< reset, kept out by client.allow or client.deny
  std::atomic<std::uint64_t> bad_greetings{0};      ///< reset for their PROXY header, or for want of one
  std::atomic<std::uint64_t> records_dropped{0};    ///< the ring was full
  std::atomic<std::uint64_t> accept_pauses{0};      ///< accept() paused for want of descriptors or memory
  std::atomic<std::uint64_t> beats{0};              ///< heartbeats answered, see Worker::beat()
  std::atomic<std::uint64_t> datagrams{0};          ///< received for sessions, from either side
  std::atomic<std::uint64_t> datagrams_dropped{0};  ///< of these, not taken by the kernel
  std::atomic<std::uint64_t> datagrams_refused{0};  ///< of clients that may not have a session, or for want of room
};

/// What all workers of a process share. Outlives them.
struct Shared;            // relay/context/shared.h
struct ForwardingCounts;  // relay/context/shared.h

/// One port (or UNIX socket) of a forwarding with its sockets and its addresses, ready for a worker.
struct Listening {
  std::shared_ptr<const Forwarding> forwarding;
  net::Address listen;  ///< where its clients come in: the first of its sockets
  /// One for each address of the listening endpoint. The same descriptor is the same socket to a worker, from one call
  /// of serve() to the next; it is closed when nobody refers to it any more.
  std::vector<std::shared_ptr<const Descriptor>> sockets;
  std::vector<net::Address> upstream_addresses;                     ///< at least one, tried in this order
  std::shared_ptr<net::NamespaceThread> upstream_inside = nullptr;  ///< whose sockets reach it; null: ours do
  std::shared_ptr<net::RootThread> upstream_root = nullptr;         ///< where its path is; null: in our own root
  std::size_t borrowed = 0;                  ///< how many of the sockets, the first ones, the service manager has too
  std::shared_ptr<ForwardingCounts> counts;  ///< of the forwarding, over all workers
  bool may_meet_itself = true;  ///< a TCP connection to the upstream is asked whether it was made to itself
};

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
