// Counts for each member of a named group since the start. A member that a reload or its name removes keeps its counts,
// and continues from them when it returns. On the probe thread.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "probe/status.h"
#include "upstream/terms/snapshot.h"

namespace lastbyte::probe {

/// The tally of one member. Its owner counts.
struct MemberTally {
  std::string group;
  std::string member;
  std::uint64_t checks_passed = 0;
  std::uint64_t checks_failed = 0;
  std::uint64_t ejections = 0;
  /// One for each time that the group had the member. Sessions still use them after the member was removed.
  std::vector<std::shared_ptr<upstream::Figures>> figures;
  std::uint64_t began = 0;   ///< of figures that are no longer in use
  std::uint64_t failed = 0;  ///< of figures that are no longer in use
};

class Tallies {
 public:
  /// The number of members with counts of their own. All further members are counted as "other" of the group "other".
  static constexpr std::size_t kMost = 512;

  /// Returns the tally of a member, whose figures from now on are `figures`. The tally of a nameless group's member is
  /// in no list.
  std::shared_ptr<MemberTally> of(std::string_view group, std::string_view member,
                                  std::shared_ptr<upstream::Figures> figures);
  /// Returns the counts in the order in which the members first appeared.
  [[nodiscard]] std::vector<MemberCounts> counts();

 private:
  std::vector<std::shared_ptr<MemberTally>> known_;
};

}  // namespace lastbyte::probe
