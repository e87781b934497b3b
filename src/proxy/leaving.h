// Listening sockets that a reload no longer wants, until every worker has closed them (T15). On the control thread.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "base/descriptor.h"
#include "base/result.h"
#include "base/time.h"
#include "proxy/listen/listeners.h"

namespace lastbyte::proxy {

/// A TCP socket first refuses new clients, because a close would reset handshakes in progress. The workers serve it for
/// another kHandshakes, and then close it once its queue is empty. UNIX and UDP sockets have no handshakes: the workers
/// close them at once.
class Leaving {
 public:
  /// The kernel repeats a lost SYN-ACK after a second (TCP_TIMEOUT_INIT of include/net/tcp.h).
  static constexpr Duration kHandshakes{2'000};

  /// Reopens the places of `running` that were being left. Call it before leave().
  void take_back(const std::vector<Bound>& running);
  /// Begins to leave each place of `before` that `running` does not have, and removes the files of UNIX sockets. If
  /// such a socket takes clients of a socket that stays, it gives way, so that no client waits. Returns the errors of
  /// the removals.
  std::vector<Error> leave(const std::vector<Bound>& before, const std::vector<Bound>& running, TimePoint now);

  /// Returns when release() has something to do; nullopt: no port waits for handshakes.
  [[nodiscard]] std::optional<TimePoint> next_release() const;
  /// Ends the service of places whose time is over. Returns true if there were some; the caller must then update the
  /// workers.
  bool release(TimePoint now);
  /// Forgets places that the workers have closed. Returns true if there were some.
  bool forget_closed();
  /// Forgets all places, for the stop: the workers close their sockets.
  void clear();

  /// Returns the ports that the workers still serve: `running`, and the ports that wait for handshakes.
  [[nodiscard]] std::vector<Bound> served_with(std::vector<Bound> running) const;
  /// Adds to `standing.places` the places that can be taken back, and to `standing.fading` those that cannot. The
  /// pointers are valid until the next non-const call.
  void add_to(Standing& standing) const;
  /// Returns the number of descriptors that are still open.
  [[nodiscard]] std::size_t descriptors() const;

 private:
  /// A port that waits for its handshakes in progress.
  struct Left {
    Bound bound;
    TimePoint until;
  };
  /// A place that the workers close once its queue is empty.
  struct Fading {
    WantedPlace as;
    net::Address address;
    std::vector<std::weak_ptr<const Descriptor>> per_worker;
  };

  void turn_newcomers_away(const std::vector<Bound>& running, std::size_t known);
  void fade(const Place& place);

  std::vector<Left> left_;
  std::vector<Fading> fading_;
};

}  // namespace lastbyte::proxy
