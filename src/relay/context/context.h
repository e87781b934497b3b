// The resources that a worker lends its sessions: the loop, the pools, the time of this round. For one thread only,
// without locks.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <random>
#include <vector>

#include "base/descriptor.h"
#include "base/time.h"
#include "loop/epoll.h"
#include "loop/mailbox.h"
#include "loop/timer_wheel.h"
#include "relay/context/pools.h"
#include "relay/context/send_batch.h"
#include "relay/context/shared.h"
#include "relay/group/queues.h"
#include "termination/session.h"
#include "upstream/maglev.h"

namespace lastbyte::relay {

class Session;
class Counters;
class Leftovers;

/// The kind of object that an epoll tag points to, in its low bits (objects are aligned to 8).
enum class TagKind : std::uint64_t { client, upstream, listener, mailbox, alarm, datagrams_in, datagrams_out, rival };

struct Tag {
  static constexpr std::uint64_t kMask = 7;

  template <typename T>
  static std::uint64_t of(T* object, TagKind kind) {
    static_assert(alignof(T) > kMask);
    return reinterpret_cast<std::uintptr_t>(object) | static_cast<std::uint64_t>(kind);
  }
  static TagKind kind(std::uint64_t tag) { return static_cast<TagKind>(tag & kMask); }
  template <typename T>
  static T* object(std::uint64_t tag) {
    return reinterpret_cast<T*>(tag & ~kMask);
  }
};

struct Context {
  Context(loop::Epoll epoll_, std::shared_ptr<loop::Mailbox> mailbox_, Shared& shared_, Counters& counters_,
          TimePoint now_, unsigned worker_ = 0)
      : epoll(std::move(epoll_)),
        mailbox(std::move(mailbox_)),
        shared(shared_),
        counters(counters_),
        now(now_),
        began(now_),
        wheel(0),
        worker(worker_),
        random_state_(std::random_device()()) {}

  loop::Epoll epoll;
  std::shared_ptr<loop::Mailbox> mailbox;  ///< of this worker; shared with threads that deliver something to a session
  Shared& shared;
  Counters& counters;       ///< of this worker
  TimePoint now;            ///< read once a round
  TimePoint began;          ///< tick 0 of the wheel
  std::uint64_t round = 0;  ///< number of waits for events so far
  loop::TimerWheel wheel;
  unsigned worker;  ///< its number
  BlockPool blocks;
  PipePool pipes;
  SendBatch sends;
  std::unique_ptr<Block> buffer = std::make_unique<Block>();  ///< shared by all copies: an idle session owns none (T9)
  std::deque<Session*> turns;  ///< sessions that used up their budget, or that move bulk data
  /// One spare descriptor. A client is accepted only while it is held, so that the client need not be reset for lack of
  /// a descriptor for its upstream (T12). Empty: it was used.
  Descriptor spare;
  std::optional<TimePoint> drain_at;  ///< set once a stop was requested (T15)
  Leftovers* leftovers = nullptr;     ///< takes connections that no session wants
  WaitingSessions waiting;            ///< this worker's sessions in the queues of groups

  /// 64 random bits, unfit for secrets.
  std::uint64_t random() { return upstream::mixed(random_state_++); }

  /// The first tick that is not before `at`, so that no timer fires early.
  [[nodiscard]] std::uint64_t tick(TimePoint at) const {
    const auto since = at - began;
    if (since.count() <= 0) return 0;
    return static_cast<std::uint64_t>(std::chrono::ceil<std::chrono::milliseconds>(since).count());
  }
  [[nodiscard]] std::uint64_t current_tick() const {
    return static_cast<std::uint64_t>(std::chrono::floor<std::chrono::milliseconds>(now - began).count());
  }

 private:
  std::uint64_t random_state_;
};

}  // namespace lastbyte::relay
