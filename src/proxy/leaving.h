// Listening sockets that a reload no longer wants, from there until every worker has closed them (T15). On the control
// thread.
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

/// A TCP socket turns newcomers away first, because a close would reset handshakes under way. The workers serve it for
/// kHandshakes more; then they are told to close it, once its queue is empty. UNIX and UDP sockets have no handshakes:
/// the workers are told at once.
class Leaving {
 public:
  /// A SYN-ACK that was lost is sent again after a second (TCP_TIMEOUT_INIT of include/net/tcp.h).
  static constexpr Duration kHandshakes{2'000};

  /// Opens the places of `running` again that were being left. To be called before leave().
  void take_back(const std::vector<Bound>& running);
  /// Begins to leave each place of `before` that `running` does not have, and removes the files of UNIX sockets. A
  /// socket in the way of one that stays gives way to it, so that no client waits. Returns what could not be removed.
  std::vector<Error> leave(const std::vector<Bound>& before, const std::vector<Bound>& running, TimePoint now);

  /// When release() has something to do; nullopt: nothing waits for handshakes.
  [[nodiscard]] std::optional<TimePoint> next_release() const;
  /// Ends the service of places whose time is over. True: there were some, and the workers are to be told.
  bool release(TimePoint now);
  /// Forgets places that the workers have closed. True: there were some.
  bool forget_closed();
  /// Forgets all, at the stop: the workers close what they have.
  void clear();

  /// The ports that the workers still serve: `running`, and what waits for handshakes.
  [[nodiscard]] std::vector<Bound> served_with(std::vector<Bound> running) const;
  /// Adds the places that can be taken back to `standing.places`, and those that cannot to `standing.fading`. The
  /// pointers hold until the next call that is not const.
  void add_to(Standing& standing) const;
  /// Descriptors that are still open.
  [[nodiscard]] std::size_t descriptors() const;

 private:
  /// A port whose handshakes under way are waited for.
  struct Left {
    Bound bound;
    TimePoint until;
  };
  /// A place that the workers close by themselves, once its queue is empty.
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
