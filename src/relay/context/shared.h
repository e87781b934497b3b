// The state that all workers of one process share: the common limits, and the callbacks to the rest of the process.
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

/// Sessions of one forwarding by client address. Used once when a session begins and once when it ends, and only if the
/// forwarding sets such a limit; the data path never takes the lock.
class ClientCounts {
 public:
  /// False, with nothing counted: `limit` is reached.
  bool try_add(const net::Address& client, std::uint32_t limit);
  void remove(const net::Address& client);

 private:
  std::mutex mutex_;
  std::unordered_map<net::Address, std::uint32_t, net::AddressHash> counts_;
};

/// Limits warnings about events that clients can cause at will: one per kInterval, over all workers. Any thread.
class RateLimit {
 public:
  /// Counts an event. nullopt: do not warn. Otherwise: warn, and the value is how many events before had no warning.
  std::optional<std::uint64_t> happens(TimePoint now);

  static constexpr Duration kInterval{10'000};

 private:
  std::mutex mutex_;
  std::optional<TimePoint> told_;
  std::uint64_t untold_ = 0;
};

/// The sessions of one forwarding, over all workers and all its ports. A reload that changes the forwarding hands these
/// counts on to the new one, so that earlier sessions still count.
struct ForwardingCounts {
  std::atomic<std::uint32_t> sessions{0};
  std::atomic<std::uint32_t> retrying{0};  ///< of these, trying again after a reset
  ClientCounts clients;
  RateLimit refusals;  ///< for datagrams of clients that get no session
};

/// Whether a shortage holds up accepting, or did a moment ago, over all workers. The operator is told once, however
/// often the shortage comes and goes while descriptors just suffice for some. Any thread.
class Shortage {
 public:
  /// True: the operator was not told yet, and the caller must do so now.
  bool begins(TimePoint now);
  /// Called when memory was too short to tell the operator. The next begins() returns true again.
  void was_not_told();
  /// Returns true once after kCalm without a shortage.
  bool is_over(TimePoint now);

  static constexpr Duration kCalm{5000};

 private:
  std::mutex mutex_;
  bool told_ = false;
  TimePoint last_;
};

/// Decides which sessions get a record. One thread sets it, any thread asks.
class RecordFilter {
 public:
  enum class Sessions : std::uint8_t { all, failures, none };

  /// `share`: the share of complete sessions that get a record, 0 to 1; for Sessions::all. `ignores_empty`: probes
  /// (is_empty()) get none.
  void set(Sessions sessions, double share, bool ignores_empty = false);
  /// Sets whether a session gets a record when it begins, and how often it gets one while it is open; 0: never.
  void set_progress(bool begin, Duration every);
  /// Open sessions get records only with Sessions::all. How such a session will end is unknown, but whether it is in
  /// the sample is known.
  [[nodiscard]] bool wants_beginning(std::uint64_t id) const { return begin_.load(kRelaxed) && sampled(id); }
  [[nodiscard]] bool wants_progress(std::uint64_t id) const { return sampled(id); }
  [[nodiscard]] Duration every() const { return Duration(every_ms_.load(kRelaxed)); }
  [[nodiscard]] bool ignores_empty() const { return ignores_empty_.load(std::memory_order_relaxed); }
  /// The decision depends on the session's number, so that it is the same everywhere.
  [[nodiscard]] bool wants(Ending ending, std::uint64_t id) const;

 private:
  static constexpr auto kRelaxed = std::memory_order_relaxed;
  [[nodiscard]] bool sampled(std::uint64_t id) const;

  std::atomic<Sessions> sessions_{Sessions::all};
  std::atomic<bool> ignores_empty_{false};
  std::atomic<bool> begin_{false};
  std::atomic<std::int64_t> every_ms_{0};
  /// A complete session gets a record if the hash of its number is not above this.
  std::atomic<std::uint64_t> highest_{~std::uint64_t{0}};
};

struct Shared {
  std::atomic<std::uint32_t> max_sessions{0};  ///< over all workers; more wait in the backlog
  std::atomic<std::uint32_t> sessions{0};      ///< over all workers
  std::atomic<std::uint64_t> next_id{1};
  Shortage shortage;
  Queues queues;               ///< of groups whose members are full
  InFlight in_flight;          ///< descriptors between UNIX sockets
  RateLimit denials;           ///< for clients that the access lists keep out
  RateLimit lost_descriptors;  ///< sessions reset because file descriptors could not be passed on
  RateLimit bad_prefaces;      ///< sessions reset because their PROXY header for the upstream cannot be written
  RateLimit accept_errors;     ///< listeners that the kernel forbids to accept
  RateLimit bugs;              ///< sessions reset because an event was impossible
  /// Bytes that a session may move in one round before it yields to the others (T12).
  std::size_t round_budget = std::size_t{256} * 1024;
  std::size_t record_ring_capacity = 8192;
  RecordFilter records;                    ///< which sessions get a record
  std::atomic<bool> events_wanted{false};  ///< set while an operator follows the events of sessions
  std::size_t event_ring_capacity = 4096;
  /// Whether open sessions keep their trails for an operator. Set before the workers run.
  bool keeps_trails = true;

  /// Reports how a session with a group's member ended, for the member's health. May be empty. Must not block.
  std::function<void(upstream::Observation)> observe;
  /// Makes a sender that carries out many sends at once. Called on the thread of the worker that will use it. Empty:
  /// each send is a system call of its own.
  std::function<Result<std::unique_ptr<loop::Sender>>()> make_sender;
  /// Finds what the kernel noted about a socket's reset, by its SO_COOKIE (setting `trace`). Empty: nobody watches.
  /// Takes no lock and makes no system call.
  std::function<std::optional<KernelReset>(std::uint64_t cookie)> find_reset;
  /// Called by a worker that has pushed records, at most once per loop round. Must not block.
  std::function<void()> wake_log;
  /// Called by a worker, rarely, with one line that an operator must see. Must not block.
  std::function<void(std::string)> warn;

  /// Warns within a rate limit. `words` makes the line; the number of events without a line is appended. Never throws:
  /// without memory there is no line, and the session continues.
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

  /// Takes a place for one more session under the limits over all workers; `limit` is that of `of_listener`. Any
  /// thread.
  [[nodiscard]] bool reserve(std::optional<std::uint32_t> limit, ForwardingCounts& of_listener);
  void release(ForwardingCounts& of_listener);
  /// Returns only the forwarding's place: the session lives on, but no longer blocks others.
  void release_forwarding(ForwardingCounts& of_listener);
  /// Returns the rest of that place.
  void release_process();
};

/// Holds such a place until it is known whether there will be a session, and returns it at the end, unless it is kept.
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
  /// Hands the place over to the session, whose end calls Shared::release().
  void keep() { held_ = false; }

 private:
  Shared& shared_;
  ForwardingCounts& counts_;
  bool held_;
};

}  // namespace lastbyte::relay
