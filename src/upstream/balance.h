// Which member of a group a session gets. Pure but for the figures of the members, which are read and, when a place is
// taken, counted: time and randomness are passed in.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/time.h"
#include "upstream/terms/snapshot.h"

namespace lastbyte::upstream {

/// What a choice goes by.
struct Wanted {
  TimePoint now = {};
  std::size_t port = 0;                       ///< addresses_of()
  std::uint64_t random = 0;                   ///< 64 random bits
  std::optional<std::uint64_t> source = {};   ///< source_hash() of the client; nullopt: it has no address
  std::span<const std::uint32_t> tried = {};  ///< members that the session has tried, and does not get again
};

struct Choice {
  enum class What : std::uint8_t {
    member,     ///< `member`, and a place there is taken: give_back() in the end
    full,       ///< all that are left have max-sessions
    none_left,  ///< those that may be chosen were tried
    none,       ///< no member may be chosen at all: none is healthy, has an address and a weight
  };
  What what = What::none;
  std::uint32_t member = 0;
  std::uint32_t left = 0;  ///< so many others may be chosen after it
};

/// Whether members may be chosen now, by their states and the group's thresholds, whatever room they have. In panic
/// (too few are healthy) health is ignored; draining and disabled members stay out. Backups serve, too, where too few
/// of the others are healthy. One flag for each member.
std::vector<bool> candidates(const Snapshot& snapshot, std::size_t port);

/// The weight that counts now: during a slow start it grows from a tenth. In thousandths.
std::uint64_t weight_now(const Snapshot& snapshot, const SnapshotMember& member, TimePoint now);

/// Whether another session has room. Another thread may take it.
bool has_room(const SnapshotMember& member);
/// Takes a place, or none where there is no room.
bool take_place(const SnapshotMember& member);
void give_back(const SnapshotMember& member);

/// One for each listener and worker. One thread's own: it remembers whose turn it is.
class Balance {
 public:
  Choice choose(const Snapshot& snapshot, const Wanted& wanted);

 private:
  std::optional<std::uint32_t> pick(const Snapshot& snapshot, const Wanted& wanted, const std::vector<bool>& open);
  std::uint32_t in_turn(const Snapshot& snapshot, const Wanted& wanted, const std::vector<bool>& open);
  void follow(const Snapshot& snapshot);

  /// Of round-robin, which is nginx's smooth one: a member's credit grows by its weight at each choice, and falls by
  /// the sum of all weights when it is chosen.
  struct Credit {
    const Figures* figures = nullptr;  ///< the member's identity over snapshots
    std::int64_t credit = 0;
  };
  std::vector<Credit> credits_;  ///< in the order of the members
  std::uint64_t generation_ = 0;
  std::uint64_t group_ = 0;
};

}  // namespace lastbyte::upstream
