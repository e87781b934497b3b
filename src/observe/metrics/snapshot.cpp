#include "observe/metrics/snapshot.h"

#include <algorithm>
#include <numeric>

namespace lastbyte::observe {
namespace {

using relay::Figures;

void add(std::vector<MemberSnapshot>& members, const std::string& name, const Figures::Member& member) {
  auto found = std::ranges::find(members, name, &MemberSnapshot::name);
  if (found == members.end()) {
    members.push_back({.name = name, .ended = {}});
    found = std::prev(members.end());
  }
  for (std::size_t index = 0; index < found->ended.size(); ++index) found->ended[index] += member.ended[index].get();
}

std::string name_of(const Figures::Member& member) {
  if (!member.name.empty()) return member.name;
  return member.address.none() ? "none" : member.address.text();
}

void add_members(std::vector<MemberSnapshot>& members, const Figures& figures) {
  for (std::size_t index = 0; index < Figures::kMostMembers; ++index) {
    const Figures::Member* member = figures.member(index);
    if (member == nullptr) break;
    add(members, name_of(*member), *member);
  }
  const auto& others = figures.other_members();
  if (std::ranges::any_of(others.ended, [](const relay::Cell& each) { return each.get() != 0; }))
    add(members, "other", others);
}

}  // namespace

std::uint64_t TimesSnapshot::count() const { return std::accumulate(buckets.begin(), buckets.end(), std::uint64_t{0}); }

std::span<const std::uint64_t> ForwardingSnapshot::of(relay::Family family) const {
  const auto index = static_cast<std::size_t>(family);
  return std::span(cells).subspan(relay::kPlaces[index], relay::kFamilies[index].cells());
}

ForwardingSnapshot snapshot_of(const relay::ForwardingFigures& figures) {
  ForwardingSnapshot all;
  all.name = figures.name;
  for (const auto& worker : figures.of_worker) {
    for (const auto& family : relay::kFamilies) {
      const auto cells = worker->of(family.family);
      const std::size_t begin = relay::kPlaces[static_cast<std::size_t>(family.family)];
      for (std::size_t index = 0; index < cells.size(); ++index) all.cells[begin + index] += cells[index].get();
    }
    for (const auto& timing : relay::kTimings) {
      const Figures::Times& times = worker->of(timing.timing);
      TimesSnapshot& sum = all.times[static_cast<std::size_t>(timing.timing)];
      for (std::size_t index = 0; index < sum.buckets.size(); ++index) sum.buckets[index] += times.buckets[index].get();
      sum.sum_us += times.sum_us.get();
    }
    add_members(all.members, *worker);
  }
  return all;
}

void GroupSnapshot::count_member(std::string_view state) {
  const auto* known = std::ranges::find(kMemberStates, state);
  if (known != kMemberStates.end()) ++members[static_cast<std::size_t>(known - kMemberStates.begin())];
}

}  // namespace lastbyte::observe
