// Joins the kernel's resets with the sessions that running instances report. Pure.
//
// The kernel reports a reset when it happens. An instance reports a session when it has ended. That is mostly some
// milliseconds later, but a session whose upstream has reset may still send its client bytes for a while. A reset waits
// a short time for its session. Then it is printed without one, and printed again when the session ends. A reset may
// also follow its session, because it answers a late segment: the joiner looks it up among the last sessions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/time.h"
#include "kernel/reset/event.h"
#include "trace/sessions.h"

namespace lastbyte::trace {

class Joiner {
 public:
  struct Told {
    const kernel::TcpEvent& event;
    const EndedSide* side = nullptr;  ///< null: no session is known
    bool again = false;               ///< the reset was printed before, without its session
  };
  using Tell = std::function<void(const Told&)>;

  static constexpr std::size_t kMostWaiting = 4'096;  ///< resets; with more, the oldest is printed without a session
  static constexpr std::size_t kMostKnown = 16'384;   ///< sides of sessions; with more, the oldest is dropped

  /// `knows_processes`: the kernel and the instances report pids of one PID namespace. The joiner then accepts a
  /// session only from the process that owns the socket, because any user may pretend to be an instance.
  Joiner(Duration patience, bool knows_processes) : patience_(patience), knows_processes_(knows_processes) {}

  /// `waits`: the event may belong to a socket of a followed instance.
  void add(const kernel::TcpEvent& event, bool waits, const Tell& tell);
  void add(EndedSide side, const Tell& tell);
  /// Prints the resets that have waited long enough.
  void pass_time(TimePoint now, const Tell& tell);
  /// Prints all waiting resets.
  void flush(const Tell& tell) { pass_time(TimePoint::max(), tell); }
  /// The time of the next pass_time(); max(): no reset waits.
  [[nodiscard]] TimePoint wakes_at() const { return waiting_.empty() ? TimePoint::max() : waiting_.front().until; }

 private:
  struct Waiting {
    kernel::TcpEvent event;
    std::string pair;
    TimePoint until;
  };
  using Side = std::shared_ptr<const EndedSide>;

  [[nodiscard]] bool matches(const kernel::TcpEvent& event, const std::string& pair, const EndedSide& side) const;
  [[nodiscard]] const EndedSide* find(const kernel::TcpEvent& event, const std::string& pair) const;
  void know(EndedSide side);
  void tell_first(const Tell& tell);

  Duration patience_;
  bool knows_processes_;
  std::deque<Waiting> waiting_;  ///< in the order of `until`
  std::deque<Waiting> told_;     ///< resets printed without a session, which may still be open
  std::deque<Side> known_;
  std::unordered_map<std::uint64_t, Side> by_cookie_;
  std::unordered_map<std::string, Side> by_pair_;
};

}  // namespace lastbyte::trace
