// The attempts of one session to reach a member of its group (T3): the next address, when to try it beside an attempt
// under way, when to retry after a pause, and when to give up. Pure: time, randomness and the choice of a member are
// passed in.
//
// Theory of operation. The session calls next() until it returns `wait`. One member is tried at a time, its addresses
// in order. While an attempt gets no answer, the next address is tried beside it after 250 ms (RFC 8305), or at once
// after a failure. When all addresses have failed, the next member is tried. When all members have been tried, a
// session with retries pauses (full jitter over a doubling time) and starts over; a session without retries gives up. A
// UNIX socket whose backlog is full is tried again in either case (T14). If all members are full, the session waits in
// the group's queue.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "base/time.h"
#include "upstream/balance.h"
#include "upstream/terms/settings.h"
#include "upstream/terms/snapshot.h"

namespace lastbyte::upstream {

/// The limits on a session's attempts.
struct TryRules {
  Duration limit;                ///< limits.connect: all attempts together, without the time in the queue
  const Retry* retry = nullptr;  ///< null: each address is tried once. Must outlive Tries
  Queue queue;
};

/// What the session must do next.
struct Move {
  enum class What : std::uint8_t {
    connect,  ///< connect to `address` of `member`, then call begun() or failed()
    wait,     ///< wait until wakes_at(), or until an attempt under way ends
    queue,    ///< wait for a member with room, until wakes_at(); then call room()
    give_up,  ///< no attempt is under way, and nothing is left to try
  };
  What what = What::wait;
  std::uint32_t member = 0;
  std::uint32_t address = 0;  ///< index among the member's addresses
  bool full = false;          ///< give_up: nothing was tried, because every eligible member has reached max-sessions
};

class Tries {
 public:
  /// Chooses a member and takes a place there. It must not choose a member in `tried`.
  using Choose = std::function<Choice(std::span<const std::uint32_t> tried)>;
  /// Returns the order in which a member's addresses are tried.
  using Order = std::function<std::vector<std::uint32_t>(std::uint32_t member)>;

  Tries(const TryRules& rules, TimePoint now) : rules_(rules), began_(now) {}

  /// Returns what to do now. Call it at the beginning, after each of the calls below, and at wakes_at().
  Move next(TimePoint now, std::uint64_t random, const Choose& choose, const Order& order);

  /// The attempt that next() asked for is under way.
  void begun(TimePoint now, std::uint32_t address);
  /// An attempt at the member failed: one under way, or one that could not even begin. `backlog_is_full`: the socket
  /// exists and may have room again at any time.
  void failed(TimePoint now, std::uint32_t address, bool backlog_is_full = false);
  /// An attempt has connected; the others are over.
  void connected();
  /// A member may have room again. next() then chooses again.
  void room() { room_ = true; }
  /// The connection was reset before its first byte, and the session may try again, another member first.
  /// limits.connect begins anew.
  void reset(TimePoint now);
  /// The group has a new snapshot. `index_of` returns a member's index in it, or nullopt if the member is gone. Call it
  /// only while no attempt is under way.
  void moved(const std::function<std::optional<std::uint32_t>(std::uint32_t)>& index_of);

  /// The attempts whose time is over. The caller closes each and reports it as failed().
  [[nodiscard]] std::vector<std::uint32_t> overdue(TimePoint now) const;
  /// When next() or overdue() will have something new; max(): not before an attempt ends.
  [[nodiscard]] TimePoint wakes_at() const;
  /// When all attempts end; in the queue, when the wait there ends.
  [[nodiscard]] TimePoint ends() const;
  [[nodiscard]] bool queues() const { return phase_ == Phase::queueing; }
  /// Whether no attempt is under way but one will follow, after a pause or the queue.
  [[nodiscard]] bool pauses() const { return phase_ == Phase::pausing || phase_ == Phase::queueing; }
  /// The member whose place is taken; nullopt: none.
  [[nodiscard]] std::optional<std::uint32_t> member() const { return member_; }
  /// The number of attempts that were begun or failed at once.
  [[nodiscard]] std::uint32_t made() const { return made_; }
  /// The number of retries after a reset.
  [[nodiscard]] std::uint32_t resets() const { return resets_; }
  /// The number of attempts under way.
  [[nodiscard]] std::size_t under_way() const { return under_way_.size(); }

 private:
  enum class Phase : std::uint8_t { trying, pausing, queueing, connected };
  struct UnderWay {
    std::uint32_t address;
    TimePoint ends;
  };
  Move next_member(TimePoint now, std::uint64_t random, const Choose& choose, const Order& order);
  Move pass_over(TimePoint now, std::uint64_t random);
  Move connect_next() const;
  [[nodiscard]] Duration time_for_try(TimePoint now) const;

  TryRules rules_;
  TimePoint began_;
  Phase phase_ = Phase::trying;
  std::optional<std::uint32_t> member_;
  std::vector<std::uint32_t> order_;  ///< the member's addresses
  std::size_t next_address_ = 0;      ///< index in order_
  TimePoint next_beside_{};           ///< when the next address may be tried beside the attempts under way
  std::vector<UnderWay> under_way_;
  std::vector<std::uint32_t> tried_;  ///< members tried in this pass
  std::size_t untried_ = 0;           ///< members left when the last one was chosen; an estimate for equal shares
  TimePoint until_{};                 ///< end of the pause, or of the wait in the queue
  std::uint32_t passes_ = 0;          ///< pauses so far
  std::uint32_t made_ = 0;
  std::uint32_t resets_ = 0;
  bool backlog_is_full_ = false;  ///< a backlog was full in this pass
  bool room_ = false;
  bool after_reset_ = false;  ///< a reset occurred, and no attempt has been made since
};

/// The pause before pass `number` (from 1): random from 0 to base times 2^(number - 1), at most `longest` (full jitter,
/// as in "Exponential Backoff And Jitter", AWS 2015).
Duration pause_before(std::uint32_t number, Duration base, Duration longest, std::uint64_t random);

/// Whether one more session may retry after a reset while `retrying` of `sessions` open ones do. At least three may, as
/// in Envoy, so that a lone session can retry.
bool within_budget(std::uint32_t sessions, std::uint32_t retrying, std::uint32_t percent);

}  // namespace lastbyte::upstream
