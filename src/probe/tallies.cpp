#include "probe/tallies.h"

#include <algorithm>

namespace lastbyte::probe {
namespace {

constexpr std::string_view kOther = "other";

/// Adds up figures that nothing else uses any more: no member, no snapshot, no session.
void fold(MemberTally& tally) {
  std::erase_if(tally.figures, [&](const std::shared_ptr<upstream::Figures>& each) {
    if (each.use_count() > 1) return false;
    tally.began += each->began;
    tally.failed += each->failed;
    return true;
  });
}

}  // namespace

std::shared_ptr<MemberTally> Tallies::of(std::string_view group, std::string_view member,
                                         std::shared_ptr<upstream::Figures> figures) {
  if (group.empty()) return std::make_shared<MemberTally>();
  const auto find = [this](std::string_view of, std::string_view name) -> std::shared_ptr<MemberTally> {
    const auto found =
        std::ranges::find_if(known_, [&](const auto& each) { return each->group == of && each->member == name; });
    return found == known_.end() ? nullptr : *found;
  };
  std::shared_ptr<MemberTally> tally = find(group, member);
  if (!tally && known_.size() >= kMost) {
    group = member = kOther;
    tally = find(group, member);
  }
  if (!tally) {
    tally = known_.emplace_back(std::make_shared<MemberTally>());
    tally->group = group;
    tally->member = member;
  }
  fold(*tally);
  tally->figures.push_back(std::move(figures));
  return tally;
}

std::vector<MemberCounts> Tallies::counts() {
  std::vector<MemberCounts> all;
  for (const auto& each : known_) {
    fold(*each);
    MemberCounts& counts = all.emplace_back(MemberCounts{.group = each->group,
                                                         .member = each->member,
                                                         .checks_passed = each->checks_passed,
                                                         .checks_failed = each->checks_failed,
                                                         .ejections = each->ejections,
                                                         .began = each->began,
                                                         .failed = each->failed});
    for (const auto& figures : each->figures) {
      counts.began += figures->began;
      counts.failed += figures->failed;
    }
  }
  return all;
}

}  // namespace lastbyte::probe
