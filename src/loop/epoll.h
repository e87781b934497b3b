// loop: one epoll loop per worker: readiness, time, mail. This file: the epoll instance.
#pragma once

#include <sys/epoll.h>

#include <cstdint>
#include <span>

#include "base/descriptor.h"
#include "base/result.h"

namespace lastbyte::loop {

/// One epoll instance. `tag` comes back with each event; only the caller interprets it. Not thread-safe.
class Epoll {
 public:
  static Result<Epoll> create();

  /// `events` as in epoll_ctl(2), EPOLLET included where wanted. Returns the errno, 0 on success (ENOSPC and ENOMEM are
  /// possible: /proc/sys/fs/epoll/max_user_watches).
  [[nodiscard]] int add(int fd, std::uint32_t events, std::uint64_t tag);
  /// Gives a registered descriptor another tag. With EPOLLET, readiness is reported again.
  [[nodiscard]] int change(int fd, std::uint32_t events, std::uint64_t tag);
  /// Removes a descriptor that stays open. A closed one leaves by itself, unless it was duplicated.
  void remove(int fd);

  struct Waited {
    std::span<epoll_event> events;  ///< part of the caller's `room`
    /// A signal, a freeze or a stop ended the wait (EINTR). Events may have come that are not in `events`.
    bool interrupted = false;
  };
  /// Waits at most `timeout_ms` (-1: without limit).
  Waited wait(std::span<epoll_event> room, int timeout_ms);

 private:
  explicit Epoll(Descriptor descriptor) : descriptor_(std::move(descriptor)) {}
  Descriptor descriptor_;
};

}  // namespace lastbyte::loop
