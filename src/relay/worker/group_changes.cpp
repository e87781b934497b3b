#include "relay/worker/group_changes.h"

#include <algorithm>
#include <utility>

namespace lastbyte::relay {

void GroupChanges::change(const Snapshots& snapshots) {
  for (const auto& snapshot : snapshots) {
    auto& known = newest_[snapshot->id];
    if (known && known->generation >= snapshot->generation) continue;
    known = snapshot;
    changed_ = true;
  }
  for (const auto& snapshot : snapshots) room(snapshot->id);
}

GroupChanges::Snapshots GroupChanges::snapshots_of(const std::vector<Listening>& listenings) {
  Snapshots snapshots;
  for (const Listening& each : listenings)
    if (each.snapshot && std::ranges::find(snapshots, each.snapshot) == snapshots.end())
      snapshots.push_back(each.snapshot);
  return snapshots;
}

void GroupChanges::room(std::uint64_t group) {
  context_.now = Clock::now();
  for (bool left = true; left;) {
    Session* const first = context_.waiting.first(group);
    if (first == nullptr) return;
    left = false;
    attempt_(*first, [&] { left = first->on_room(); });
  }
}

/// Changes that arrive during a walk take another walk.
void GroupChanges::step(std::size_t most) {
  if (!walk_.under_way() && std::exchange(changed_, false)) {
    walk_.begin([this](Session& session) {
      const auto newest = newest_.find(session.group());
      if (newest == newest_.end()) return;
      attempt_(session, [&session, snapshot = newest->second] { session.on_group(*snapshot); });
    });
  }
  walk_.step(most);
}

}  // namespace lastbyte::relay
