// The tries of one session to reach a member of its group (T3): which address next, when beside one that is under way,
// when again after a pause, and when to give up. Pure: time, randomness and the choice of a member are passed in.
//
// Theory of operation. The session asks next() until it is told to wait. One member is tried at a time, its addresses
// in their order; while one is silent, the next is tried beside it after 250 ms (RFC 8305), or at once where one has
// failed. When all have failed it is the next member's turn. When all members have been tried, a session with retries
// pauses (full jitter over a time that doubles) and begins anew; one without gives up. A UNIX socket whose backlog is
// full is tried again in either case (T14). Where all members are full, the session waits in the group's queue.
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

/// What bounds the tries of a session.
struct TryRules {
  Duration limit;                ///< limits.connect: all tries together, without the time in the queue
  const Retry* retry = nullptr;  ///< null: each address is tried once. Outlives the tries
  Queue queue;
};

/// What the session does next.
struct Move {
  enum class What : std::uint8_t {
    connect,  ///< to `address` of `member`; tell begun() or failed()
    wait,     ///< until wakes_at(), or until something happens to a try under way
    queue,    ///< for a member with room, until wakes_at(); tell room()
    give_up,  ///< nothing is under way, and nothing is left to try
  };
  What what = What::wait;
  std::uint32_t member = 0;
  std::uint32_t address = 0;  ///< its place among the member's
  bool full = false;          ///< give_up: nothing was tried, because all members that may serve have max-sessions
};

class Tries {
 public:
  /// Chooses a member and takes a place there. `tried`: members that are not to be chosen again.
  using Choose = std::function<Choice(std::span<const std::uint32_t> tried)>;
  /// The order in which a member's addresses are tried.
  using Order = std::function<std::vector<std::uint32_t>(std::uint32_t member)>;

  Tries(const TryRules& rules, TimePoint now) : rules_(rules), began_(now) {}

  /// What to do now. To be asked at the beginning, after each of the calls below, and at wakes_at().
  Move next(TimePoint now, std::uint64_t random, const Choose& choose, const Order& order);

  /// The try that next() told of is under way.
  void begun(TimePoint now, std::uint32_t address);
  /// A try of the member failed: one under way, or one that could not even begin. `backlog_is_full`: the socket is
  /// there, and may have room again at any time.
  void failed(TimePoint now, std::uint32_t address, bool backlog_is_full = false);
  /// A try is connected: the others are over.
  void connected();
  /// A member may have room again. next() then chooses again.
  void room() { room_ = true; }
  /// The connection that was made has been reset before its first byte, and the session may try again: another member
  /// first. limits.connect begins anew.
  void reset(TimePoint now);
  /// The group looks different now. `index_of` tells where a member is in the new snapshot; nullopt: nowhere. Only
  /// while nothing is under way.
  void moved(const std::function<std::optional<std::uint32_t>(std::uint32_t)>& index_of);

  /// Tries whose time is over; each is to be closed and told as failed().
  [[nodiscard]] std::vector<std::uint32_t> overdue(TimePoint now) const;
  /// When next(), or overdue(), has something new; max(): not before something happens.
  [[nodiscard]] TimePoint wakes_at() const;
  /// When all of it is over; while in the queue, when that is.
  [[nodiscard]] TimePoint ends() const;
  [[nodiscard]] bool queues() const { return phase_ == Phase::queueing; }
  /// Nothing is under way, and something is to come: a pause, or the queue.
  [[nodiscard]] bool pauses() const { return phase_ == Phase::pausing || phase_ == Phase::queueing; }
  /// The member that has a place taken; nullopt: none.
  [[nodiscard]] std::optional<std::uint32_t> member() const { return member_; }
  /// Tries that were begun or failed at once.
  [[nodiscard]] std::uint32_t made() const { return made_; }
  /// Retries after a reset.
  [[nodiscard]] std::uint32_t resets() const { return resets_; }
  /// So many tries are under way.
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
  std::size_t next_address_ = 0;      ///< place in order_
  TimePoint next_beside_{};           ///< when the next address may be tried beside those under way
  std::vector<UnderWay> under_way_;
  std::vector<std::uint32_t> tried_;  ///< members, in this pass
  std::size_t untried_ = 0;           ///< members that were left when the last was chosen; an estimate for equal shares
  TimePoint until_{};                 ///< end of the pause, or of the time in the queue
  std::uint32_t passes_ = 0;          ///< pauses so far
  std::uint32_t made_ = 0;
  std::uint32_t resets_ = 0;
  bool backlog_is_full_ = false;  ///< in this pass
  bool room_ = false;
  bool after_reset_ = false;  ///< no try was made since
};

/// The pause before pass `number` (from 1): by chance from nothing to base times 2^(number - 1), at most the longest
/// (full jitter, as in "Exponential Backoff And Jitter", AWS 2015).
Duration pause_before(std::uint32_t number, Duration base, Duration longest, std::uint64_t random);

/// Whether one more session may be on a retry after a reset: `retrying` are, out of `sessions` that are open. At least
/// three may be, as in Envoy, so that a lone session may try again.
bool within_budget(std::uint32_t sessions, std::uint32_t retrying, std::uint32_t percent);

}  // namespace lastbyte::upstream
