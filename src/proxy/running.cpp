#include "proxy/running.h"

#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <unordered_set>
#include <utility>

#include "proxy/listen/upstreams.h"
#include "proxy/process/descriptors.h"
#include "proxy/process/doors.h"

namespace lastbyte::proxy {

namespace {

relay::RecordFilter::Sessions sessions_with_records(const config::Log& log) {
  using Sessions = relay::RecordFilter::Sessions;
  if (log.target == "off") return Sessions::none;
  switch (log.sessions) {
    case config::LogSessions::all: return Sessions::all;
    case config::LogSessions::failures: return Sessions::failures;
    case config::LogSessions::none: return Sessions::none;
  }
  return Sessions::all;
}

/// Returns the forwardings that have a port. An operator may have disabled others.
std::vector<relay::Forwarding> forwardings_of(const config::Config& config, const std::vector<Bound>& bound) {
  std::unordered_set<std::string> names;
  for (const Bound& each : bound) names.insert(each.forwarding->name);
  std::vector<relay::Forwarding> forwardings;
  std::ranges::copy_if(config.forwardings, std::back_inserter(forwardings),
                       [&](const relay::Forwarding& each) { return names.contains(each.name); });
  return forwardings;
}

}  // namespace

Result<std::unique_ptr<Running>> Running::create(unsigned workers, std::vector<PassedSocket> passed,
                                                 std::optional<FileRights> user, std::function<void(std::string)> tell,
                                                 std::function<void(const probe::MemberChange&)> on_member) {
  std::unique_ptr<Running> running(new Running);
  running->passed_ = std::move(passed);
  running->user_ = std::move(user);
  running->figures_ = std::make_unique<Registry>(workers);
  const auto limit = raise_descriptor_limit();
  if (!limit) return Failure(limit.error());
  running->descriptor_limit_ = *limit;
  // The kernel limits all processes of a user together. The other half remains for the user's other processes.
  running->shared_.in_flight.set_bound(*limit / 2);
  for (unsigned index = 0; index < workers; ++index) {
    auto worker = relay::Worker::create(index, running->shared_);
    if (!worker) return Failure(worker.error());
    running->workers_.push_back(std::move(*worker));
  }
  running->groups_ = std::make_unique<Groups>(probe::Directory::Callbacks{
      .on_snapshot = [it = running.get()](const probe::SharedSnapshot& snapshot) { it->update_workers(snapshot); },
      .on_message = std::move(tell),
      .on_member = std::move(on_member)});
  running->shared_.observe = [groups = running->groups_.get()](const upstream::Observation& observation) {
    groups->observe(observation);
  };
  return running;
}

Running::~Running() = default;

/// Drops the privileges of the namespaces' threads before they make sockets, because sessions will have only the
/// remaining ones. Then it checks the upstreams.
template <typename Ports>
Tried<Troubles> Running::prepare_upstreams(const Ports& ports) {
  if (auto dropped = insides_.namespaces.drop_privileges(); !dropped)
    return tl::unexpected(Troubles{trouble_of_process(dropped.error())});
  insides_.namespaces.fill();
  return check_upstreams(upstreams_of(ports));
}

Resolution Running::resolve(const config::Config& config) {
  Resolution resolution = resolve_all(config.forwardings, insides_, config.groups);
  Groups::LookedUp names = groups_->look_up(resolution.groups);
  std::ranges::move(names.troubles, std::back_inserter(resolution.troubles));
  resolution.warnings = std::move(names.warnings);
  return resolution;
}

Tried<Changes> Running::apply(const config::Config& wanted, Resolution resolution, Absent absent) {
  const bool complete = resolution.troubles.empty();
  std::erase_if(resolution.ports,
                [this](const Resolved& each) { return order_for(each.forwarding->name) != admin::Change::enable; });
  Plan plan = plan_for(plan_.config, wanted, resolution.ports, worker_count());
  if (lacks_privileges())
    std::ranges::move(missing_capabilities(plan.config, *kept_), std::back_inserter(resolution.troubles));
  forget_closed();
  const auto sessions = sessions_for(plan);
  if (!sessions && complete) resolution.troubles.push_back(trouble_of_process(sessions.error()));
  auto prepared = kept_ ? prepare_upstreams(resolution.ports) : Troubles();
  if (!prepared) std::ranges::move(prepared.error(), std::back_inserter(resolution.troubles));
  keep_identity(resolution.ports, bound_);
  const WantedGroups wanted_groups = resolution.groups;
  Troubles warnings = std::move(resolution.warnings);
  auto tried = bind_all(std::move(resolution), passed_, worker_count(), standing(plan.names_before), user_, absent);
  if (!tried)
    return tl::unexpected(lacks_privileges() ? with_lost_privileges_told(std::move(tried.error()))
                                             : std::move(tried.error()));

  // Nothing can fail from here on.
  std::vector<Bound>& bound = tried->ports;
  hand_on_counts(bound, bound_, plan.names_before);
  for (Bound& each : bound) each.figures = figures_->of(each.forwarding->name);
  const auto served_before = forwardings_of(plan_.config, bound_);
  const auto served = forwardings_of(plan.config, bound);
  Changes changes = changes_between({served_before, bound_}, {served, bound});
  changes.groups = group_changes(plan_.config.groups, plan.config.groups);
  changes.need_restart = plan.need_restart;
  const std::vector<Bound> before = std::exchange(bound_, std::move(bound));
  leaving_.take_back(bound_);
  changes.troubles = std::move(tried->warnings);
  std::ranges::move(warnings, std::back_inserter(changes.troubles));
  std::ranges::move(*prepared, std::back_inserter(changes.troubles));
  for (Error& error : leaving_.leave(before, bound_, Clock::now()))
    changes.troubles.push_back(trouble_of_process(std::move(error)));
  shared_.max_sessions = *sessions;
  shared_.records.set(sessions_with_records(plan.config.log), plan.config.log.sample, plan.config.log.ignore_empty);
  shared_.records.set_progress(plan.config.log.begin, plan.config.log.every);
  plan_ = std::move(plan);
  wanted_ = wanted_groups;
  // At the start, checks wait for privileges_dropped(): they must find what sessions will find.
  if (kept_) serve_groups();
  return changes;
}

/// Applies the wanted groups and makes the workers serve all ports with them.
void Running::serve_groups() {
  groups_->apply(wanted_);
  refresh_snapshots();
  tell_workers();
}

bool Running::refresh_snapshots() {
  const std::vector<probe::SharedSnapshot> all = groups_->snapshots();
  bool changed = false;
  for (Bound& bound : bound_) {
    const auto found = wanted_.by_forwarding.find(bound.forwarding->name);
    const bool known = found != wanted_.by_forwarding.end() && found->second < all.size();
    probe::SharedSnapshot now = known ? all[found->second] : nullptr;
    changed = changed || now != bound.snapshot;
    bound.snapshot = std::move(now);
  }
  return changed;
}

void Running::update_workers(const probe::SharedSnapshot& snapshot) {
  for (const auto& worker : workers_) worker->update({snapshot});
}

/// Returns whether the process has dropped its privileges and cannot get them back.
bool Running::lacks_privileges() const { return kept_ && ::geteuid() != 0; }

Result<std::uint32_t> Running::sessions_for(const Plan& plan) const {
  const DescriptorBase base{
      worker_count(), plan.listening + passed_.size() + leaving_.descriptors(),
      insides_.namespaces.descriptors() + insides_.roots.descriptors(worker_count()) + plan.for_groups,
      descriptors_of(plan.config.doors), plan.in_passing};
  return choose_max_sessions(plan.config.max_sessions, descriptor_limit_, base);
}

Standing Running::standing(NamesBefore names) const {
  Standing standing;
  for (const Bound& bound : bound_)
    for (const Place& place : bound.places) standing.places.push_back(&place);
  leaving_.add_to(standing);
  standing.names = std::move(names);
  return standing;
}

void Running::tell_workers() {
  const std::vector<Bound> served = leaving_.served_with(bound_);
  for (unsigned index = 0; index < workers_.size(); ++index) workers_[index]->serve(listenings_for(served, index));
  // A snapshot that was made in the meantime may have reached a worker before its group did.
  if (const auto newest = groups_->snapshots(); !newest.empty())
    for (const auto& worker : workers_) worker->update(newest);
}

Tried<Troubles> Running::privileges_dropped(const KeptCapabilities& kept) {
  kept_ = kept;
  // Threads of later roots inherit the dropped privileges of the thread that starts them.
  if (auto dropped = insides_.roots.drop_privileges(); !dropped)
    return tl::unexpected(Troubles{trouble_of_process(dropped.error())});
  if (auto dropped = groups_->drop_privileges(kept); !dropped)
    return tl::unexpected(Troubles{trouble_of_process(dropped.error())});
  auto troubles = prepare_upstreams(bound_);
  if (!troubles) return troubles;
  serve_groups();
  groups_->await_first_checks();
  return troubles;
}

bool Running::order(const std::string& forwarding, admin::Change change) {
  if (std::ranges::find(plan_.config.forwardings, forwarding, &relay::Forwarding::name) ==
      plan_.config.forwardings.end())
    return false;
  if (change == admin::Change::enable) {
    orders_.erase(forwarding);
  } else {
    orders_[forwarding] = change;
  }
  return true;
}

admin::Change Running::order_for(const std::string& forwarding) const {
  const auto found = orders_.find(forwarding);
  return found == orders_.end() ? admin::Change::enable : found->second;
}

std::vector<admin::ForwardingFacts> Running::facts() const {
  std::vector<admin::ForwardingFacts> all;
  for (const relay::Forwarding& each : plan_.config.forwardings) {
    admin::ForwardingFacts& facts = all.emplace_back();
    facts.name = each.name;
    facts.connect = each.group.empty() ? each.connect.text() : "group:" + each.group;
    facts.transport = each.listen.is_unix() ? "unix" : each.listen.transport == net::Transport::udp ? "udp" : "tcp";
    facts.state = order_for(each.name);
    for (const Bound& bound : bound_)
      if (bound.forwarding->name == each.name)
        for (const net::Address& address : bound.addresses()) facts.listen.push_back(address.text());
  }
  return all;
}

void Running::release(TimePoint now) {
  if (!leaving_.release(now)) return;
  refresh_snapshots();
  tell_workers();
}

void Running::forget_closed() {
  if (!leaving_.forget_closed()) return;
  if (const auto sessions = sessions_for(plan_)) shared_.max_sessions = *sessions;
}

void Running::drain(TimePoint until) {
  for (const auto& worker : workers_) worker->drain(until);
  for (const Bound& bound : bound_)
    for (const Place& place : bound.places)
      if (place.file) files_.push_back(place.file);
  // The workers close their sockets. The last owner of a socket closes it.
  bound_.clear();
  leaving_.clear();
  passed_.clear();
}

std::vector<Error> Running::remove_files() {
  std::vector<Error> troubles;
  for (const auto& file : files_)
    if (auto removed = file->remove(); !removed) troubles.push_back(std::move(removed.error()));
  return troubles;
}

void Running::abort() {
  for (const auto& worker : workers_) worker->abort();
}

}  // namespace lastbyte::proxy
