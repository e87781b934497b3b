// Connection attempts that run beside the session's own (RFC 8305), and the closing of those that no session wants.
//
// An established connection that no session wants lingers (T6): its server may send a greeting first, and a close with
// the greeting unread would reset it. An attempt that was never established is just closed, and its server notices
// nothing.
#pragma once

#include <boost/intrusive/list.hpp>
#include <cstdint>

#include "base/time.h"
#include "loop/timer_wheel.h"
#include "relay/context/context.h"
#include "relay/side/side.h"
#include "relay/terms/forwarding.h"

namespace lastbyte::relay {

/// One such socket. Events of the round may still point to it, so it is freed at the end of the round at the earliest.
struct alignas(8) Rival : boost::intrusive::list_base_hook<> {
  Session* session = nullptr;  ///< the session whose attempt this is; null: none
  Side side;
  std::uint32_t address = 0;  ///< index among the member's addresses
  TimePoint until{};          ///< when the lingering ends
  Duration timeout{};         ///< the lingering also ends after this long without data
  TimePoint quiet_until{};    ///< when that silence ends it
};

/// The leftover connections of one worker.
class Leftovers {
 public:
  explicit Leftovers(Context& context) : context_(context) {}
  ~Leftovers();
  Leftovers(const Leftovers&) = delete;
  Leftovers& operator=(const Leftovers&) = delete;

  /// Takes over a socket that is registered with epoll under its own tag, and lingers on it as `linger` says. Never
  /// throws.
  void take(Rival* rival, const Linger& linger) noexcept;
  /// Closes the socket, and frees the object at the end of the round.
  void discard(Rival* rival) noexcept;

  // From the loop:
  void on_events(Rival& rival, std::uint32_t events);
  [[nodiscard]] const loop::Timer* timer() const { return &timer_; }
  void on_timer();
  /// Frees discarded objects. Called once a round, after its events.
  void bury();
  [[nodiscard]] bool empty() const { return lingering_.empty(); }
  /// Called once a stop was requested: all of them end by Context::drain_at.
  void drain();
  /// Closes all of them now.
  void close_all();

 private:
  using List = boost::intrusive::list<Rival>;
  bool read(Rival& rival);
  void close(Rival& rival);
  void set_timer();

  Context& context_;
  List lingering_;
  List dead_;
  loop::Timer timer_;
};

}  // namespace lastbyte::relay
