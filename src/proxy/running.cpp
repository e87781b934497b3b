#include "proxy/running.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <unordered_set>
#include <utility>

#include "config/difference.h"
#include "net/socket/newcomers.h"
#include "net/socket/socket.h"
#include "net/unix/stream.h"
#include "proxy/listen/upstreams.h"
#include "proxy/process/descriptors.h"

namespace lastbyte::proxy {
namespace {

/// A SYN-ACK that was lost is sent again after a second (TCP_TIMEOUT_INIT of include/net/tcp.h).
constexpr std::chrono::seconds kHandshakes{2};

/// The process's settings that a reload changes. All others need a restart.
const std::vector<std::string>& changeable() {
  static const std::vector<std::string> kKeys{"max-sessions", "drain"};
  return kKeys;
}

std::unordered_set<const Descriptor*> sockets_of(const std::vector<Bound>& all) {
  std::unordered_set<const Descriptor*> sockets;
  for (const Bound& bound : all)
    for (const Place& place : bound.places)
      for (const auto& socket : place.per_worker)
        if (socket) sockets.insert(socket.get());
  return sockets;
}

/// Descriptors for what is to be listened on. A UNIX socket serves all workers, and its path is held beside it.
std::size_t descriptors_to_listen(const std::vector<Resolved>& resolved, unsigned workers) {
  std::size_t sum = 0;
  for (const Resolved& each : resolved) {
    const net::Endpoint& listen = each.forwarding->listen;
    sum += listen.is_unix() ? 1 + (listen.is_path() ? 1U : 0U) : each.listen.size() * workers;
  }
  return sum;
}

std::size_t descriptors_in_passing(const std::vector<relay::Forwarding>& forwardings, unsigned workers) {
  const bool any = std::ranges::any_of(
      forwardings, [](const relay::Forwarding& each) { return each.listen.is_unix() && each.connect.is_unix(); });
  return any ? workers * net::kMostDescriptors : 0;
}

}  // namespace

Result<std::unique_ptr<Running>> Running::create(unsigned workers, std::vector<PassedSocket> passed,
                                                 std::optional<FileRights> user) {
  std::unique_ptr<Running> running(new Running);
  running->passed_ = std::move(passed);
  running->user_ = std::move(user);
  const auto limit = raise_descriptor_limit();
  if (!limit) return Failure(limit.error());
  running->descriptor_limit_ = *limit;
  // The other half is for what else our user sends: the kernel counts for all its processes together.
  running->shared_.in_flight.set_bound(*limit / 2);
  for (unsigned index = 0; index < workers; ++index) {
    auto worker = relay::Worker::create(index, running->shared_);
    if (!worker) return Failure(worker.error());
    running->workers_.push_back(std::move(*worker));
  }
  return running;
}

Running::~Running() = default;

/// The threads of namespaces give up what the process has given up, and only then make sockets. With what is left
/// sessions must do.
template <typename Ports>
Tried<Troubles> Running::settle(const Ports& ports) {
  if (auto dropped = insides_.namespaces.drop_privileges(); !dropped)
    return tl::unexpected(Troubles{trouble_of_process(dropped.error())});
  insides_.namespaces.fill();
  return check_upstreams(upstreams_of(ports));
}

Tried<Changes> Running::apply(const config::Config& wanted, Resolution resolution, Absent absent) {
  // Before there are forwardings, there is nothing to keep.
  const bool first = config_.forwardings.empty();
  config::Config config = first ? wanted : config::keep_all_but(changeable(), config_, wanted);
  const bool complete = resolution.troubles.empty();
  std::ranges::move(check_capabilities(config), std::back_inserter(resolution.troubles));
  forget_closed();
  const std::size_t listening = descriptors_to_listen(resolution.ports, static_cast<unsigned>(workers_.size()));
  const auto sessions = sessions_for(config, listening);
  if (!sessions && complete) resolution.troubles.push_back(trouble_of_process(sessions.error()));
  auto settled = kept_ ? settle(resolution.ports) : Troubles();
  if (!settled) std::ranges::move(settled.error(), std::back_inserter(resolution.troubles));
  const Names names = names_before(config);
  keep_identity(resolution.ports);
  auto tried =
      bind_all(std::move(resolution), passed_, static_cast<unsigned>(workers_.size()), standing(names), user_, absent);
  if (!tried) return tl::unexpected(explained(std::move(tried.error())));

  // From here on nothing fails.
  std::vector<Bound>& bound = tried->ports;
  hand_on_counts(bound, names);
  Changes changes = changes_between({config_.forwardings, bound_}, {config.forwardings, bound});
  changes.need_restart = config::differing_keys(config, wanted);
  const std::vector<Bound> before = std::exchange(bound_, std::move(bound));
  take_back();
  changes.troubles = std::move(tried->warnings);
  std::ranges::move(*settled, std::back_inserter(changes.troubles));
  for (Error& error : leave(before)) changes.troubles.push_back(trouble_of_process(std::move(error)));
  shared_.max_sessions = *sessions;
  listening_ = listening;
  config_ = std::move(config);
  post();
  return changes;
}

Running::Names Running::names_before(const config::Config& config) const {
  const auto predecessors = config::predecessors(config_.forwardings, config.forwardings);
  Names names;
  for (std::size_t index = 0; index < predecessors.size(); ++index)
    if (predecessors[index])
      names.emplace(config.forwardings[index].name, config_.forwardings[*predecessors[index]].name);
  return names;
}

/// A forwarding that is the same stays the same object: its ports then keep all that they have.
void Running::keep_identity(std::vector<Resolved>& resolved) const {
  std::unordered_map<std::string, std::shared_ptr<const relay::Forwarding>> before;
  for (const Bound& each : bound_) before.emplace(each.forwarding->name, each.forwarding);
  for (Resolved& each : resolved) {
    const auto same = before.find(each.forwarding->name);
    if (same != before.end() && *same->second == *each.forwarding) each.forwarding = same->second;
  }
}

Result<std::uint32_t> Running::sessions_for(const config::Config& config, std::size_t listening) const {
  const auto workers = static_cast<unsigned>(workers_.size());
  const DescriptorBase base{workers, listening + passed_.size() + closing_descriptors(),
                            insides_.namespaces.descriptors() + insides_.roots.descriptors(workers),
                            descriptors_in_passing(config.forwardings, workers)};
  return choose_max_sessions(config.max_sessions, descriptor_limit_, base);
}

/// Of what was left and is still open.
std::size_t Running::closing_descriptors() const {
  std::unordered_set<const Descriptor*> open;
  for (const Left& left : left_)
    for (const Place& place : left.bound.places)
      for (const auto& socket : place.per_worker) open.insert(socket.get());
  for (const Fading& fading : fading_)
    for (const auto& socket : fading.per_worker)
      if (const auto alive = socket.lock()) open.insert(alive.get());
  return open.size();
}

Troubles Running::check_capabilities(const config::Config& config) const {
  Troubles troubles;
  if (!kept_ || ::geteuid() == 0) return troubles;
  for (const relay::Forwarding& forwarding : config.forwardings) {
    const std::string missing = missing_capability(capabilities_needed({forwarding}), *kept_);
    if (missing.empty()) continue;
    troubles.push_back({forwarding.name, "connect",
                        Error{"forwarding '" + forwarding.name + "' needs " + missing, EPERM,
                              "it was given up at the start, where nobody needed it; restart for it"}});
  }
  return troubles;
}

Standing Running::standing(Names names) const {
  Standing standing;
  for (const Bound& bound : bound_)
    for (const Place& place : bound.places) standing.places.push_back(&place);
  for (const Left& left : left_)
    for (const Place& place : left.bound.places)
      place.gave_way ? standing.fading.push_back(place) : standing.places.push_back(&place);
  for (const Fading& each : fading_) {
    Place place{each.as, each.address, {}};
    for (const auto& socket : each.per_worker)
      if (auto alive = socket.lock()) place.per_worker.push_back(std::move(alive));
    if (!place.per_worker.empty()) standing.fading.push_back(std::move(place));
  }
  standing.names = std::move(names);
  return standing;
}

Troubles Running::explained(Troubles troubles) const {
  if (!kept_ || ::geteuid() == 0) return troubles;
  for (Trouble& each : troubles) {
    std::string& detail = each.error.detail;
    if (each.error.code != EACCES && each.error.code != EPERM) continue;
    if (detail.find("restart for it") != std::string::npos) continue;
    detail += std::string(detail.empty() ? "" : "; ") + "privileges were given up at the start: restart for it";
  }
  return troubles;
}

void Running::hand_on_counts(std::vector<Bound>& bound, const Names& names) const {
  std::unordered_map<std::string, std::shared_ptr<relay::ForwardingCounts>> before;
  for (const Bound& each : bound_) before.emplace(each.forwarding->name, each.counts);
  std::unordered_map<std::string, std::shared_ptr<relay::ForwardingCounts>> now;
  for (Bound& each : bound) {
    auto& counts = now[each.forwarding->name];
    if (!counts) {
      const auto name = names.find(each.forwarding->name);
      counts = name == names.end() ? std::make_shared<relay::ForwardingCounts>() : before.at(name->second);
    }
    each.counts = counts;
  }
}

/// Places that were being left and are wanted again.
void Running::take_back() {
  std::unordered_set<const Descriptor*> left;
  for (const Left& each : left_)
    for (const Place& place : each.bound.places) left.insert(place.per_worker.front().get());
  for (const Bound& bound : bound_) {
    for (const Place& place : bound.places) {
      if (!left.contains(place.per_worker.front().get())) continue;
      for (const auto& socket : place.per_worker) {
        net::let_newcomers_in(socket->get());
        // One of them was taken back to end the handshakes. They have been set before, so nothing can fail.
        (void)net::apply_listen_options(socket->get(), place.address, place.as.options);
      }
    }
  }
  const auto wanted = sockets_of(bound_);
  for (Left& each : left_)
    std::erase_if(each.bound.places,
                  [&](const Place& place) { return wanted.contains(place.per_worker.front().get()); });
  std::erase_if(left_, [](const Left& each) { return each.bound.places.empty(); });
}

std::vector<Error> Running::leave(const std::vector<Bound>& before) {
  std::vector<Error> troubles;
  const auto wanted = sockets_of(bound_);
  const TimePoint until = Clock::now() + kHandshakes;
  const std::size_t known = left_.size();
  for (const Bound& bound : before) {
    Bound left = bound;
    std::erase_if(left.places, [&](const Place& place) { return wanted.contains(place.per_worker.front().get()); });
    for (const Place& place : left.places) {
      if (place.file)
        if (auto removed = place.file->remove(); !removed) troubles.push_back(std::move(removed.error()));
      if (place.as.transport == net::Transport::unix_stream)
        for (const auto& socket : place.per_worker) net::turn_newcomers_away(socket->get());
    }
    // Without handshakes there is nothing to wait for. A UDP socket is for its worker to leave, which reads what is in
    // it.
    std::erase_if(left.places, [this](const Place& place) {
      if (place.as.transport == net::Transport::tcp) return false;
      fade(place);
      return true;
    });
    if (!left.places.empty()) left_.push_back({std::move(left), until});
  }
  part_with_newcomers(known);
  return troubles;
}

/// Nobody's connection is held up where another socket that could serve it stands behind one that is being left (T15).
/// `known`: so many of left_ were being left before.
void Running::part_with_newcomers(std::size_t known) {
  if (left_.empty()) return;
  std::vector<Place*> leaving;
  for (Left& left : left_)
    for (Place& place : left.bound.places)
      if (!place.gave_way) leaving.push_back(&place);
  std::vector<const Place*> staying;
  for (const Bound& bound : bound_)
    for (const Place& place : bound.places) staying.push_back(&place);
  for (Place* place : in_the_way(leaving, staying))
    for (const auto& socket : place->per_worker) place->gave_way = net::give_way(socket->get()) == 0 || place->gave_way;
  for (std::size_t index = known; index < left_.size(); ++index)
    for (const Place& place : left_[index].bound.places)
      if (!place.gave_way)
        for (const auto& socket : place.per_worker) net::turn_newcomers_away(socket->get());
}

void Running::post() {
  std::vector<Bound> all = bound_;
  for (const Left& left : left_) all.push_back(left.bound);
  for (unsigned index = 0; index < workers_.size(); ++index) workers_[index]->serve(listenings_for(all, index));
}

Tried<Troubles> Running::privileges_dropped(const KeptCapabilities& kept) {
  kept_ = kept;
  // Threads of later ones are started by threads that have nothing left to give up.
  if (auto dropped = insides_.roots.drop_privileges(); !dropped)
    return tl::unexpected(Troubles{trouble_of_process(dropped.error())});
  return settle(bound_);
}

std::optional<TimePoint> Running::next_release() const {
  if (left_.empty()) return std::nullopt;
  return std::ranges::min(left_, {}, &Left::until).until;
}

void Running::release(TimePoint now) {
  const auto is_over = [&](const Left& left) {
    if (left.until > now) return false;
    for (const Place& place : left.bound.places) fade(place);
    return true;
  };
  if (std::erase_if(left_, is_over) != 0) post();
}

void Running::forget_closed() {
  const auto is_closed = [](const Fading& each) {
    return std::ranges::all_of(each.per_worker, [](const auto& socket) { return socket.expired(); });
  };
  if (std::erase_if(fading_, is_closed) == 0) return;
  if (const auto sessions = sessions_for(config_, listening_)) shared_.max_sessions = *sessions;
}

void Running::fade(const Place& place) {
  Fading fading{place.as, place.address, {}};
  for (const auto& socket : place.per_worker)
    if (socket) fading.per_worker.emplace_back(socket);
  fading_.push_back(std::move(fading));
}

void Running::drain(TimePoint until) {
  for (const auto& worker : workers_) worker->drain(until);
  for (const Bound& bound : bound_)
    for (const Place& place : bound.places)
      if (place.file) files_.push_back(place.file);
  // The workers close theirs; the last one to let go of a socket closes it.
  bound_.clear();
  left_.clear();
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
