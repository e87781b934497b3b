#include "proxy/operations.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "probe/directory.h"
#include "probe/member.h"
#include "proxy/watch/process_figures.h"

namespace lastbyte::proxy {
namespace {

/// Returns an ID that no other run has: no other process of the machine has this number at this nanosecond.
std::string name_of_this_run() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return fmt::format("{:x}-{:x}", std::chrono::duration_cast<std::chrono::nanoseconds>(now).count(), ::getpid());
}

/// A worker that has not read its mail for this time counts as stuck.
constexpr std::chrono::seconds kStuck{10};

std::string_view word(upstream::Policy policy) {
  switch (policy) {
    case upstream::Policy::first: return "first";
    case upstream::Policy::round_robin: return "round-robin";
    case upstream::Policy::least_sessions: return "least-sessions";
    case upstream::Policy::random_two: return "random-two";
    case upstream::Policy::source_hash: return "source-hash";
    case upstream::Policy::fastest: return "fastest";
  }
  return "?";
}

admin::GroupFacts facts_of(const probe::GroupStatus& status, const upstream::Snapshot& snapshot) {
  admin::GroupFacts group;
  group.name = status.name;
  group.policy = word(snapshot.group->policy);
  group.generation = status.generation;
  if (!snapshot.members.empty()) group.waiting = snapshot.members.front().figures->waiting;
  for (const probe::MemberStatus& each : status.members) {
    admin::MemberFacts& member = group.members.emplace_back();
    member.name = each.name;
    member.state = probe::name(each.state);
    member.reason = each.reason;
    member.since = each.since;
    member.weight = each.weight;
    for (const net::Address& address : each.addresses) member.addresses.push_back(address.text());
    if (each.check && each.check->passed) member.round_trip = each.check->took;
    const auto found = std::ranges::find(snapshot.members, each.name, &upstream::SnapshotMember::name);
    if (found == snapshot.members.end()) continue;
    member.backup = found->settings->backup;
    member.sessions = found->figures->sessions;
    member.began = found->figures->began;
    member.failed = found->figures->failed;
  }
  return group;
}

}  // namespace

DaemonOperations::DaemonOperations(Parts parts)
    : parts_(parts), instance_(name_of_this_run()), lag_(parts.running.workers()) {}

admin::Health DaemonOperations::health() const {
  admin::Health health;
  for (std::size_t index = 0; index < parts_.running.workers().size(); ++index) {
    const auto lag = lag_.of(index);
    if (lag < kStuck || parts_.vitals.stage() == Vitals::Stage::draining) continue;
    health.alive = false;
    health.reason =
        fmt::format("worker {} has not answered for {:.0f} s", index, std::chrono::duration<double>(lag).count());
    return health;
  }
  switch (parts_.vitals.stage()) {
    case Vitals::Stage::serving: return health;
    case Vitals::Stage::starting: health.reason = "starting"; break;
    case Vitals::Stage::leaving: health.reason = "a stop was requested; clients are accepted for shutdown-delay"; break;
    case Vitals::Stage::draining: health.reason = "a stop was requested; no clients are accepted"; break;
  }
  health.ready = false;
  return health;
}

observe::Snapshot DaemonOperations::metrics() const {
  observe::Snapshot snapshot;
  snapshot.version = LASTBYTE_VERSION;
  for (const auto& each : parts_.running.figures().all()) snapshot.forwardings.push_back(observe::snapshot_of(*each));
  const auto& workers = parts_.running.workers();
  for (std::size_t index = 0; index < workers.size(); ++index) {
    observe::WorkerSnapshot& worker = snapshot.workers.emplace_back();
    for (const auto& each : relay::kCounts)
      worker.counts[static_cast<std::size_t>(each.count)] = workers[index]->counters().of(each.count);
    worker.cpu_seconds = std::chrono::duration<double>(workers[index]->cpu_time()).count();
    worker.lag_seconds = std::chrono::duration<double>(lag_.of(index)).count();
  }
  snapshot.ports = parts_.vitals.ports();
  snapshot.process = process_figures();
  add_groups(snapshot);
  snapshot.reload = parts_.vitals.reload();
  snapshot.max_sessions = parts_.running.max_sessions();
  snapshot.records_lost = parts_.log.lost();
  return snapshot;
}

/// Adds the figures of the probe thread, if it runs.
void DaemonOperations::add_groups(observe::Snapshot& snapshot) const {
  const probe::Directory* directory = parts_.running.groups().directory();
  if (directory == nullptr) return;
  for (const admin::GroupFacts& group : groups()) {
    observe::GroupSnapshot& its = snapshot.groups.emplace_back();
    its.name = group.name;
    its.waiting = group.waiting;
    for (const admin::MemberFacts& member : group.members) {
      its.count_member(member.state);
      snapshot.members.push_back({.group = group.name,
                                  .member = member.name,
                                  .up = member.state == probe::name(upstream::State::up),
                                  .sessions = member.sessions});
    }
  }
  const probe::Tally tally = directory->tally();
  for (const probe::MemberCounts& each : tally.members)
    snapshot.member_counts.push_back({.group = each.group,
                                      .member = each.member,
                                      .began = each.began,
                                      .failed = each.failed,
                                      .checks_passed = each.checks_passed,
                                      .checks_failed = each.checks_failed,
                                      .ejections = each.ejections});
  for (const probe::dns::NameCounts& each : tally.names) {
    observe::NameSnapshot& name = snapshot.names.emplace_back();
    name.name = each.name;
    name.found = each.found;
    name.failed = each.failed;
    if (!each.now) continue;
    name.addresses = each.now->addresses;
    if (each.now->found_at)
      name.found_seconds = std::chrono::duration<double>(each.now->found_at->time_since_epoch()).count();
  }
  snapshot.probe = {.observations_dropped = tally.counters.observations_dropped,
                    .heartbeats = tally.counters.heartbeats,
                    .heartbeats_refused = tally.counters.heartbeats_refused};
}

void DaemonOperations::look(std::size_t worker, std::shared_ptr<const relay::Look> look) {
  parts_.running.workers()[worker]->look(std::move(look));
}

void DaemonOperations::end_sessions(std::size_t worker, std::shared_ptr<const relay::EndOrder> order) {
  parts_.running.workers()[worker]->end(std::move(order));
}

void DaemonOperations::change_forwarding(const std::string& name, admin::Change change,
                                         std::function<void(Result<void>)> done) {
  parts_.control.change_forwarding(name, change, std::move(done));
}

std::vector<admin::GroupFacts> DaemonOperations::groups() const {
  const probe::Directory* directory = parts_.running.groups().directory();
  if (directory == nullptr) return {};
  const auto snapshots = directory->snapshots();
  std::vector<admin::GroupFacts> all;
  for (const probe::GroupStatus& status : directory->status()) {
    const auto found = std::ranges::find(snapshots, status.id, [](const auto& each) { return each->id; });
    if (status.name.empty() || found == snapshots.end()) continue;
    all.push_back(facts_of(status, **found));
  }
  return all;
}

Result<void> DaemonOperations::change_member(const std::string& group, const std::string& member,
                                             admin::Change change) {
  const std::string what = "change the member '" + member + "' of the group '" + group + "'";
  probe::Directory* directory = parts_.running.groups().directory();
  if (directory == nullptr) return failure(what, ENOENT, "there is no group");
  static constexpr std::array kActions{probe::Action::enable, probe::Action::drain, probe::Action::disable};
  const auto done = directory->act(group, member, kActions[static_cast<std::size_t>(change)]);
  if (!done) return failure(what, ENOENT, done.error().detail);
  return {};
}

void DaemonOperations::follow_sessions(bool wanted) { parts_.running.shared().events_wanted = wanted; }

void DaemonOperations::take_events(const std::function<void(const relay::SessionEvent&)>& session,
                                   const std::function<void(const admin::Happening&)>& other) {
  for (const auto& worker : parts_.running.workers()) worker->events().consume_all(session);
  for (const admin::Happening& each : parts_.vitals.take_happenings()) other(each);
}

std::uint64_t DaemonOperations::sum_of(relay::Count count) const {
  std::uint64_t sum = 0;
  for (const auto& worker : parts_.running.workers()) sum += worker->counters().of(count);
  return sum;
}

}  // namespace lastbyte::proxy
