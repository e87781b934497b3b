// The state that all workers of one process share: limits over all of them, and the way to wake the log.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/memory.h"
#include "base/result.h"
#include "base/time.h"
#include "loop/sender.h"
#include "net/address/address.h"
#include "relay/context/in_flight.h"
#include "relay/group/queues.h"
#include "relay/terms/ending.h"
#include "relay/terms/seen_reset.h"
#include "upstream/terms/snapshot.h"

namespace lastbyte::relay {

/// Sessions of one forwarding by client address. Asked once when a session begins and once when it ends, and only where
/// the forwarding sets such a limit; the lock is never on the path of a byte.
class ClientCounts {
 public:
  /// False, and nothing counted: `limit` is reached.
  bool try_add(const net::Address& client, std::uint32_t limit);
  void remove(const net::Address& client);

 private:
  std::mutex mutex_;
  std::unordered_map<net::Address, std::uint32_t, net::AddressHash> counts_;
};

/// Limits warnings about events that clients can cause as often as they like: one in kInterval, over all workers. Any
/// thread.
class RateLimit {
 public:
  /// Counts an event. nullopt: there is to be no warning. The value: how many events before it had none.
  std::optional<std::uint64_t> happens(TimePoint now);

  static constexpr Duration kInterval{10'000};

 private:
  std::mutex mutex_;
  std::optional<TimePoint> told_;
  std::uint64_t untold_ = 0;
};

/// The sessions of one forwarding, over all workers and all its ports. A reload that changes the forwarding hands it on
/// to what the forwarding becomes, so that sessions of before still count.
struct ForwardingCounts {
  std::atomic<std::uint32_t> sessions{0};
  std::atomic<std::uint32_t> retrying{0};  ///< of these, on a try after a reset
  ClientCounts clients;
  RateLimit refusals;  ///< datagrams of clients that get no session
};

/// Whether accepting is, or was a moment ago, held up for want of something, over all workers: what an operator is told
/// once, however often a shortage comes and goes while descriptors are just enough for some. Any thread.
class Shortage {
 public:
  /// True: nobody has been told yet, and the caller tells the operator now.
  bool begins(TimePoint now);
  /// There was no memory to tell the operator. The next begins() is true again.
  void was_not_told();
  /// True, once: there has been none for kCalm.
  bool is_over(TimePoint now);

  static constexpr Duration kCalm{5000};

 private:
  std::mutex mutex_;
  bool told_ = false;
  TimePoint last_;
};

/// Which sessions have a record. One thread sets it, any thread asks.
class RecordFilter {
 public:
  enum class Sessions : std::uint8_t { all, failures, none };

  /// `share`: of the complete sessions, 0 to 1, where all have one. `ignores_empty`: probes (is_empty()) have none.
  void set(Sessions sessions, double share, bool ignores_empty = false);
  /// Of sessions that go on: whether there is a record when they begin, and how often there is one later; 0: never.
  void set_progress(bool begin, Duration every);
  /// There are records of sessions that go on only where all sessions are to have records: how it will end is not
  /// known, but whether the sample has it.
  [[nodiscard]] bool wants_beginning(std::uint64_t id) const { return begin_.load(kRelaxed) && sampled(id); }
  [[nodiscard]] bool wants_progress(std::uint64_t id) const { return sampled(id); }
  [[nodiscard]] Duration every() const { return Duration(every_ms_.load(kRelaxed)); }
  [[nodiscard]] bool ignores_empty() const { return ignores_empty_.load(std::memory_order_relaxed); }
  /// By the session's number, so that the sample is the same wherever it is asked for.
  [[nodiscard]] bool wants(Ending ending, std::uint64_t id) const;

 private:
  static constexpr auto kRelaxed = std::memory_order_relaxed;
  [[nodiscard]] bool sampled(std::uint64_t id) const;

  std::atomic<Sessions> sessions_{Sessions::all};
  std::atomic<bool> ignores_empty_{false};
  std::atomic<bool> begin_{false};
  std::atomic<std::int64_t> every_ms_{0};
  /// A complete session has a record where the hash of its number is not above this.
  std::atomic<std::uint64_t> highest_{~std::uint64_t{0}};
};

struct Shared {
  std::atomic<std::uint32_t> max_sessions{0};  ///< over all workers; more wait in the backlog
  std::atomic<std::uint32_t> sessions{0};      ///< over all workers
  std::atomic<std::uint64_t> next_id{1};
  Shortage shortage;
  Queues queues;               ///< of groups whose members are full
  InFlight in_flight;          ///< descriptors between UNIX sockets
  RateLimit denials;           ///< clients that the access lists keep out
  RateLimit lost_descriptors;  ///< sessions reset because file descriptors could not be passed on
  RateLimit bad_prefaces;      ///< sessions reset because their PROXY header for the upstream cannot be written
  RateLimit accept_errors;     ///< listeners that the kernel forbids to accept
  RateLimit bugs;              ///< sessions reset because an event was impossible
  /// Bytes that a session may move in one round before the others have their turn (T12).
  std::size_t round_budget = std::size_t{256} * 1024;
  std::size_t record_ring_capacity = 8192;
  RecordFilter records;                    ///< which sessions have a record
  std::atomic<bool> events_wanted{false};  ///< an operator follows the events of sessions
  std::size_t event_ring_capacity = 4096;
  /// An operator may ask for the events of an open session. Set before the workers run.
  bool keeps_trails = true;

  /// How a session with a member of a group ended, for the rules of its health. May be empty. Must not block.
  std::function<void(upstream::Observation)> observe;
  /// Makes what carries out many sends at once, on the thread of the worker that is to use it; empty: each send is a
  /// system call of its own.
  std::function<Result<std::unique_ptr<loop::Sender>>()> make_sender;
  /// What the kernel noted of the reset of a socket, by its SO_COOKIE (setting `trace`). Empty: nobody watches. Takes
  /// no lock and makes no system call.
  std::function<std::optional<KernelReset>(std::uint64_t cookie)> find_reset;
  /// Called by a worker, at most once a loop round, when it has pushed records. Must not block.
  std::function<void()> wake_log;
  /// Something an operator must know, from a worker, rarely: one line. Must not block.
  std::function<void(std::string)> warn;

  /// Warns within a rate limit: `words` makes the line, which then also tells how many events had none. Never throws:
  /// without memory there is no line, and the session goes on.
  template <typename Words>
  void warn_limited(RateLimit& kind, TimePoint now, Words words) {
    const auto untold = kind.happens(now);
    if (!untold) return;
    enough_memory_for([&] {
      std::string line = words();
      if (*untold > 0) line += "; " + std::to_string(*untold) + " more since the last such line";
      warn(std::move(line));
    });
  }

  /// A place for one more session under the limits over all workers; `limit` is that of `of_listener`. Any thread.
  [[nodiscard]] bool reserve(std::optional<std::uint32_t> limit, ForwardingCounts& of_listener);
  void release(ForwardingCounts& of_listener);
  /// Gives back the forwarding's place alone: the session lives on, but no longer stands in the way of others.
  void release_forwarding(ForwardingCounts& of_listener);
  /// What is left of the place then.
  void release_process();
};

/// Such a place while it is not known yet whether there will be a session: given back at the end, unless it is kept.
class Reservation {
 public:
  Reservation(Shared& shared, std::optional<std::uint32_t> limit, ForwardingCounts& of_listener)
      : shared_(shared), counts_(of_listener), held_(shared.reserve(limit, of_listener)) {}
  ~Reservation() {
    if (held_) shared_.release(counts_);
  }
  Reservation(const Reservation&) = delete;
  Reservation& operator=(const Reservation&) = delete;

  explicit operator bool() const { return held_; }
  /// From now on it is the session's, whose end calls Shared::release().
  void keep() { held_ = false; }

 private:
  Shared& shared_;
  ForwardingCounts& counts_;
  bool held_;
};

}  // namespace lastbyte::relay
