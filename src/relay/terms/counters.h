// The counters of one worker.
#pragma once

#include <atomic>
#include <cstdint>

namespace lastbyte::relay {

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

}  // namespace lastbyte::relay
