// Descriptors that were sent over UNIX sockets and that no peer has received yet (T14). The kernel charges them to the
// user of the sending process, and refuses more than RLIMIT_NOFILE of them with ETOOMANYREFS, unless the process has
// CAP_SYS_RESOURCE or CAP_SYS_ADMIN (net/core/scm.c, too_many_unix_fds of net/unix/scm.c). A message that is refused
// has been received already, so its session is lost. lastbyte therefore stays below that limit, and no client takes the
// room of the others (T12).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <deque>
#include <limits>
#include <mutex>
#include <unordered_map>

#include "base/time.h"

namespace lastbyte::relay {

/// The count over all workers, for any thread. It is used once per message with descriptors, never for other bytes.
/// Pure except for its lock.
class InFlight {
 public:
  /// The descriptors of an ended session count for this long, because nobody can see any more whether its peer receives
  /// them.
  static constexpr Duration kForgotten{600'000};

  /// Sets the most that may be in flight at a time, over all users.
  void set_bound(std::uint64_t bound);

  /// Adds `count` for a session of the client's user `uid` that has `own` in flight already. False, with nothing added:
  /// the session must wait. The free room decides, so that the heaviest users leave room for others:
  /// - a user's first ones pass if they fit into the free room, and the very first of all pass in any case;
  /// - a session's first ones pass if they and those of its user take at most half of the free room;
  /// - further ones pass if they, those of the user and those of the session add up to at most a quarter of it.
  bool try_add(uid_t uid, std::uint64_t own, std::uint64_t count, TimePoint now);
  void remove(uid_t uid, std::uint64_t count);
  /// Removes them after kForgotten. Never throws, because sessions also end when memory is short.
  void remove_later(uid_t uid, std::uint64_t count, TimePoint now);

  [[nodiscard]] std::uint64_t total() const;

 private:
  struct Later {
    TimePoint at;
    uid_t uid;
    std::uint64_t count;
  };
  [[nodiscard]] bool passes(std::uint64_t of_user, std::uint64_t own, std::uint64_t count) const;
  void take(uid_t uid, std::uint64_t count);

  mutable std::mutex mutex_;
  std::uint64_t bound_ = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t total_ = 0;
  std::unordered_map<uid_t, std::uint64_t> of_user_;
  std::deque<Later> later_;  ///< in the order of time
};

}  // namespace lastbyte::relay
