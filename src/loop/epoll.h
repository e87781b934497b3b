// loop: one epoll loop per worker: readiness, time, mail. This file: the epoll instance.
#pragma once

#include <sys/epoll.h>

#include <cstdint>
#include <span>

#include "base/descriptor.h"
#include "base/result.h"

namespace lastbyte::loop {

/// One epoll instance. `tag` comes back with each event; what it means is the caller's affair. Not thread-safe.
class Epoll {
 public:
  static Result<Epoll> create();

  /// `events` as in epoll_ctl(2), EPOLLET included where wanted. Returns the errno, 0 on success (ENOSPC and ENOMEM are
  /// possible: /proc/sys/fs/epoll/max_user_watches).
  [[nodiscard]] int add(int fd, std::uint32_t events, std::uint64_t tag);
  /// Gives a descriptor that is in there another tag. With EPOLLET, what is ready is reported again.
  [[nodiscard]] int change(int fd, std::uint32_t events, std::uint64_t tag);
  /// Takes a descriptor out that stays open. A closed one leaves by itself, if it was never duplicated.
  void remove(int fd);

  struct Waited {
    std::span<epoll_event> events;  ///< part of the caller's `room`
    /// A signal, a freeze or a stop ended the wait (EINTR): events may have come that are not among these.
    bool interrupted = false;
  };
  /// Waits at most `timeout_ms` (-1: for ever).
  Waited wait(std::span<epoll_event> room, int timeout_ms);

 private:
  explicit Epoll(Descriptor descriptor) : descriptor_(std::move(descriptor)) {}
  Descriptor descriptor_;
};

}  // namespace lastbyte::loop
