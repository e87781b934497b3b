// Joins resets that the kernel told to the sessions that running instances told. Pure.
//
// The kernel tells a reset when it happens, and an instance tells a session when it has ended: mostly some milliseconds
// later, but a session whose upstream has reset may owe its client bytes for a while. A reset waits for its session for
// a short time. It is then told without one, and told again when the session ends. A session that ended before the
// reset, which then answers a late segment, is found among the last ones.
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
    const EndedSide* side = nullptr;  ///< null: none is known
    bool again = false;               ///< it was told before, without its session
  };
  using Tell = std::function<void(const Told&)>;

  static constexpr std::size_t kMostWaiting = 4'096;  ///< resets; the oldest is then told without a session
  static constexpr std::size_t kMostKnown = 16'384;   ///< sides of sessions; the oldest is then forgotten

  /// `knows_processes`: the numbers of processes that the kernel and the instances tell are of one kind. A session is
  /// then believed only of the process that owns the socket: any user may pretend to be an instance.
  Joiner(Duration patience, bool knows_processes) : patience_(patience), knows_processes_(knows_processes) {}

  /// `waits`: it may be of a socket of an instance that is followed.
  void add(const kernel::TcpEvent& event, bool waits, const Tell& tell);
  void add(EndedSide side, const Tell& tell);
  /// Tells what has waited for long enough.
  void pass_time(TimePoint now, const Tell& tell);
  /// Tells everything that waits.
  void flush(const Tell& tell) { pass_time(TimePoint::max(), tell); }
  /// When pass_time() has something to do; max(): nothing waits.
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
  std::deque<Waiting> told_;     ///< without a session; their session may still be open
  std::deque<Side> known_;
  std::unordered_map<std::uint64_t, Side> by_cookie_;
  std::unordered_map<std::string, Side> by_pair_;
};

}  // namespace lastbyte::trace
