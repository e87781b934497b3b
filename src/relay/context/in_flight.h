// Descriptors that were sent over UNIX sockets and that no peer has received yet (T14). The kernel charges them to the
// user of the process that sent them, and refuses more than RLIMIT_NOFILE of them with ETOOMANYREFS, unless the process
// has CAP_SYS_RESOURCE or CAP_SYS_ADMIN (net/core/scm.c, too_many_unix_fds of net/unix/scm.c). A message that meets
// that refusal has been received already, and its session is lost. So lastbyte stays below that limit, and no client
// takes the room of the others (T12).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <deque>
#include <limits>
#include <mutex>
#include <unordered_map>

#include "base/time.h"

namespace lastbyte::relay {

/// Over all workers; any thread. Asked once for each message with descriptors, never on the path of other bytes. Pure
/// but for its lock.
class InFlight {
 public:
  /// A session has ended, and its peer can no longer be seen to receive: its descriptors are counted for so long.
  static constexpr Duration kForgotten{600'000};

  /// At most so many at a time, over all users.
  void set_bound(std::uint64_t bound);

  /// Adds `count` for a session of the client's user `uid` that has `own` in flight already. False, and nothing added:
  /// the session must wait. What is free decides, so that those who take most leave room to others:
  /// - the first of a user pass while they fit into what is free, and the first of all in any case;
  /// - the first of a session pass while its user has no more than half of what is free, with them;
  /// - further ones pass while its user's and the session's together are no more than a quarter of it, with them.
  bool try_add(uid_t uid, std::uint64_t own, std::uint64_t count, TimePoint now);
  void remove(uid_t uid, std::uint64_t count);
  /// Removes them once kForgotten has passed. Never throws: sessions end where memory is short, too.
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
