// Connections beside the one that a session has (RFC 8305), and what becomes of those that no session wants.
//
// A connection that was made and is not wanted is lingered on (T6): its server may greet first, and a close with the
// greeting unread would reset it. One that was never made ends with its socket, and its server hears nothing.
#pragma once

#include <boost/intrusive/list.hpp>
#include <cstdint>

#include "base/time.h"
#include "loop/timer_wheel.h"
#include "relay/context/context.h"
#include "relay/side/side.h"
#include "relay/terms/forwarding.h"

namespace lastbyte::relay {

/// One such socket. Events of a round may point to it, and so it is freed at the round's end at the earliest.
struct alignas(8) Rival : boost::intrusive::list_base_hook<> {
  Session* session = nullptr;  ///< whose attempt it is; null: it is nobody's
  Side side;
  std::uint32_t address = 0;  ///< its place among its member's
  TimePoint until{};          ///< the lingering ends
  Duration timeout{};         ///< without data for so long it ends, too
  TimePoint quiet_until{};    ///< so, then
};

/// Of one worker.
class Leftovers {
 public:
  explicit Leftovers(Context& context) : context_(context) {}
  ~Leftovers();
  Leftovers(const Leftovers&) = delete;
  Leftovers& operator=(const Leftovers&) = delete;

  /// Takes a socket that is in the loop under its own tag, and lingers on it as `linger` says. Never throws.
  void take(Rival* rival, const Linger& linger) noexcept;
  /// Frees at the end of the round what has no socket any more.
  void discard(Rival* rival) noexcept;

  // From the loop:
  void on_events(Rival& rival, std::uint32_t events);
  [[nodiscard]] const loop::Timer* timer() const { return &timer_; }
  void on_timer();
  /// Once a round, after its events.
  void bury();
  [[nodiscard]] bool empty() const { return lingering_.empty(); }
  /// A stop was asked for (Context::drain_at): they end with it.
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
