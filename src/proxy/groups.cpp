#include "proxy/groups.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

namespace lastbyte::proxy {
namespace {

/// Returns what identifies a member across configurations.
std::string identity_of(const upstream::Group& group, const upstream::Member& member) {
  return group.name + " " + (member.srv ? "srv:" : "") + member.endpoint.text();
}

std::unordered_set<std::string> members_of(const probe::Groups& groups) {
  std::unordered_set<std::string> all;
  for (const probe::PlacedGroup& group : groups)
    for (const upstream::Member& member : group.settings->members) all.insert(identity_of(*group.settings, member));
  return all;
}

TimePoint end_of_lookups(const probe::Groups& groups) {
  Duration longest{0};
  for (const probe::PlacedGroup& group : groups) longest = std::max(longest, group.settings->names.timeout);
  return Clock::now() + longest;
}

/// Returns the trouble; for a nameless group, once for each forwarding that uses the group.
Troubles troubles_of(const probe::Unknown& unknown, const WantedGroups& wanted, const std::string& detail) {
  Error error = unknown.error;
  if (!detail.empty()) error.detail += (error.detail.empty() ? "" : "; ") + detail;
  const upstream::Group& group = *wanted.all[unknown.group].settings;
  if (!group.name.empty()) return {trouble_of_member(group.name, unknown.member, std::move(error))};
  Troubles troubles;
  for (const auto& [forwarding, place] : wanted.by_forwarding) {
    if (place != unknown.group) continue;
    Error named = error;
    named.operation = "forwarding '" + forwarding + "': " + named.operation;
    troubles.push_back({forwarding, "connect", std::move(named)});
  }
  return troubles;
}

}  // namespace

Groups::~Groups() = default;

Result<void> Groups::start() {
  if (directory_) return {};
  auto started = probe::Directory::start(callbacks_);
  if (!started) return Failure(started.error());
  directory_ = std::move(*started);
  running_.store(directory_.get(), std::memory_order_release);
  return {};
}

Groups::LookedUp Groups::look_up(const WantedGroups& wanted) {
  LookedUp looked_up;
  if (wanted.all.empty()) return looked_up;
  if (auto started = start(); !started) {
    looked_up.troubles.push_back(trouble_of_process(std::move(started.error())));
    return looked_up;
  }
  const std::unordered_set<std::string> before = members_of(applied_.all);
  for (const probe::Unknown& each : directory_->first_lookups(wanted.all, end_of_lookups(wanted.all))) {
    const upstream::Group& group = *wanted.all[each.group].settings;
    const bool runs = before.contains(identity_of(group, group.members[each.member]));
    const bool fails = !runs && group.names.unknown == upstream::UnknownNames::fail;
    Troubles troubles =
        troubles_of(each, wanted, fails ? "" : "sessions cannot connect there until the name has an address");
    std::ranges::move(troubles, std::back_inserter(fails ? looked_up.troubles : looked_up.warnings));
  }
  return looked_up;
}

Result<void> Groups::drop_privileges(const KeptCapabilities& kept) {
  return directory_ ? directory_->on_thread([&] { return drop_thread_privileges(kept); }) : Result<void>();
}

std::vector<probe::SharedSnapshot> Groups::apply(const WantedGroups& wanted) {
  applied_ = wanted;
  return directory_ ? directory_->apply(wanted.all) : std::vector<probe::SharedSnapshot>();
}

void Groups::await_first_checks() const {
  if (directory_) directory_->await_first_checks(Clock::now() + kFirstChecks);
}

std::vector<probe::SharedSnapshot> Groups::snapshots() const {
  return directory_ ? directory_->snapshots() : std::vector<probe::SharedSnapshot>();
}

void Groups::observe(const upstream::Observation& observation) const noexcept {
  if (probe::Directory* running = directory()) running->observe(observation);
}

}  // namespace lastbyte::proxy
