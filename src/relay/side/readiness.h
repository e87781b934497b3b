// The readiness of one socket: events that epoll has reported and that no call has cleared yet. Pure.
//
// epoll is edge-triggered here: it reports each change only once. So the flags stay set until a call returns EAGAIN.
#pragma once

#include <sys/epoll.h>

#include <cstdint>

namespace lastbyte::relay {

/// The events that a session watches on each of its sockets.
inline constexpr std::uint32_t kWatchedEvents = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI | EPOLLET;

struct Readiness {
  bool readable = false;  ///< a read may find something
  bool writable = false;  ///< a write may be accepted
  bool hung_up = false;   ///< RDHUP, HUP or ERR was seen: a short read does not mean that the queue is empty
  bool trouble = false;   ///< ERR was seen, but no call has taken its errno yet

  /// Takes what epoll reported.
  constexpr void take(std::uint32_t events) {
    const bool ended = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
    readable = readable || ended || (events & EPOLLIN) != 0;
    writable = writable || (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0;
    hung_up = hung_up || ended;
    trouble = trouble || (events & EPOLLERR) != 0;
  }
  /// The socket is closed.
  constexpr void closed() { readable = writable = trouble = false; }

  friend constexpr bool operator==(const Readiness&, const Readiness&) = default;
};

}  // namespace lastbyte::relay
