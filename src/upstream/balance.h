// The choice of a group's member for a session. Pure but for the members' figures: a choice reads them, and counts the
// session when it takes a place. Time and randomness are passed in.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/time.h"
#include "upstream/terms/snapshot.h"

namespace lastbyte::upstream {

/// The input of a choice.
struct Wanted {
  TimePoint now = {};
  std::size_t port = 0;                       ///< addresses_of()
  std::uint64_t random = 0;                   ///< 64 random bits
  std::optional<std::uint64_t> source = {};   ///< source_hash() of the client; nullopt: the client has no address
  std::span<const std::uint32_t> tried = {};  ///< members that the session has tried and must not get again
};

struct Choice {
  enum class What : std::uint8_t {
    member,     ///< `member` is chosen and a place there is taken; the caller must give_back() it
    full,       ///< every remaining member has reached max-sessions
    none_left,  ///< every eligible member has been tried
    none,       ///< no member is eligible: none is healthy and has an address and a weight
  };
  What what = What::none;
  std::uint32_t member = 0;
  std::uint32_t left = 0;  ///< number of further members that could be chosen after this one
};

/// Returns one flag per member: whether it is eligible now, by its state and the group's thresholds, whatever room it
/// has. In panic (too few members are healthy) health is ignored, but draining and disabled members stay out. Backups
/// are eligible, too, while too few of the other members are healthy.
std::vector<bool> candidates(const Snapshot& snapshot, std::size_t port);

/// The effective weight in thousandths. During a slow start it grows from a tenth.
std::uint64_t weight_now(const Snapshot& snapshot, const SnapshotMember& member, TimePoint now);

/// Whether the member has room for another session. Another thread may take that room first.
bool has_room(const SnapshotMember& member);
/// Takes a place. Returns false if there is no room.
bool take_place(const SnapshotMember& member);
void give_back(const SnapshotMember& member);

/// Chooses members for one listener of one worker. Not thread-safe: it remembers whose turn it is.
class Balance {
 public:
  Choice choose(const Snapshot& snapshot, const Wanted& wanted);

 private:
  std::optional<std::uint32_t> pick(const Snapshot& snapshot, const Wanted& wanted, const std::vector<bool>& open);
  std::uint32_t in_turn(const Snapshot& snapshot, const Wanted& wanted, const std::vector<bool>& open);
  void follow(const Snapshot& snapshot);

  /// Round-robin state, as in nginx's smooth algorithm: each choice raises a member's credit by its weight; being
  /// chosen lowers it by the sum of all weights.
  struct Credit {
    const Figures* figures = nullptr;  ///< identifies the member across snapshots
    std::int64_t credit = 0;
  };
  std::vector<Credit> credits_;  ///< in the order of the members
  std::uint64_t generation_ = 0;
  std::uint64_t group_ = 0;
};

}  // namespace lastbyte::upstream
