// What is counted of each member of a named group since the start. A member that a reload or its name takes away keeps
// its numbers, and goes on from them when it comes back. On the probe thread.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "probe/status.h"
#include "upstream/terms/snapshot.h"

namespace lastbyte::probe {

/// Of one member. Its owner counts.
struct MemberTally {
  std::string group;
  std::string member;
  std::uint64_t checks_passed = 0;
  std::uint64_t checks_failed = 0;
  std::uint64_t ejections = 0;
  /// Of each time that the member was there. Sessions go on in them after it is gone.
  std::vector<std::shared_ptr<upstream::Figures>> figures;
  std::uint64_t began = 0;   ///< of figures that are no longer in use
  std::uint64_t failed = 0;  ///< likewise
};

class Tallies {
 public:
  /// Members that have numbers of their own; all further ones are counted as "other" of the group "other".
  static constexpr std::size_t kMost = 512;

  /// That of a member, whose figures from now on are `figures`. A nameless group's members are counted for nobody.
  std::shared_ptr<MemberTally> of(std::string_view group, std::string_view member,
                                  std::shared_ptr<upstream::Figures> figures);
  /// In the order in which they first came.
  [[nodiscard]] std::vector<MemberCounts> counts();

 private:
  std::vector<std::shared_ptr<MemberTally>> known_;
};

}  // namespace lastbyte::probe
