#include "proxy/plan.h"

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <memory>
#include <unordered_set>
#include <utility>

#include "config/difference.h"
#include "net/unix/stream.h"

namespace lastbyte::proxy {
namespace {

constexpr const char* kRestart = "restart lastbyte";

/// The settings of the process that a reload can change. All others need a restart.
const std::vector<std::string>& changeable() {
  static const std::vector<std::string> kKeys{
      "max-sessions", "drain",     "shutdown-delay", "log.level",    "log.sessions", "log.sample",   "log.ignore-empty",
      "log.begin",    "log.every", "log.target",     "log.messages", "log.format",   "log.facility", "log.app-name"};
  return kKeys;
}

NamesBefore names_before(const config::Config& running, const config::Config& next) {
  const auto predecessors = config::predecessors(running.forwardings, next.forwardings);
  NamesBefore names;
  for (std::size_t index = 0; index < predecessors.size(); ++index)
    if (predecessors[index])
      names.emplace(next.forwardings[index].name, running.forwardings[*predecessors[index]].name);
  return names;
}

/// A UNIX socket serves all workers, and a descriptor of its path is held beside it. Any other socket belongs to one
/// worker.
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

/// Counts a socket for the check of each member, and some for the resolver and the thread itself.
std::size_t descriptors_for_groups(const std::vector<Resolved>& resolved) {
  constexpr std::size_t kOwn = 16;
  std::unordered_set<const upstream::Group*> groups;
  std::size_t sum = 0;
  for (const Resolved& each : resolved)
    if (each.group && groups.insert(each.group.get()).second) sum += each.group->members.size();
  return groups.empty() ? 0 : sum + kOwn;
}

}  // namespace

Plan plan_for(const config::Config& running, const config::Config& wanted, const std::vector<Resolved>& resolved,
              unsigned workers) {
  Plan plan;
  const bool is_start = running.forwardings.empty();
  plan.config = is_start ? wanted : config::keep_all_but(changeable(), running, wanted);
  plan.need_restart = config::differing_keys(plan.config, wanted);
  plan.names_before = names_before(running, plan.config);
  plan.listening = descriptors_to_listen(resolved, workers);
  plan.for_groups = descriptors_for_groups(resolved);
  plan.in_passing = descriptors_in_passing(plan.config.forwardings, workers);
  return plan;
}

void keep_identity(std::vector<Resolved>& resolved, const std::vector<Bound>& running) {
  std::unordered_map<std::string, std::shared_ptr<const relay::Forwarding>> before;
  for (const Bound& each : running) before.emplace(each.forwarding->name, each.forwarding);
  for (Resolved& each : resolved) {
    const auto same = before.find(each.forwarding->name);
    if (same != before.end() && *same->second == *each.forwarding) each.forwarding = same->second;
  }
}

void hand_on_counts(std::vector<Bound>& next, const std::vector<Bound>& running, const NamesBefore& names_before) {
  std::unordered_map<std::string, std::shared_ptr<relay::ForwardingCounts>> before;
  for (const Bound& each : running) before.emplace(each.forwarding->name, each.counts);
  std::unordered_map<std::string, std::shared_ptr<relay::ForwardingCounts>> now;
  for (Bound& each : next) {
    auto& counts = now[each.forwarding->name];
    if (!counts) {
      const auto name = names_before.find(each.forwarding->name);
      const auto known = name == names_before.end() ? before.end() : before.find(name->second);
      counts = known == before.end() ? std::make_shared<relay::ForwardingCounts>() : known->second;
    }
    each.counts = counts;
  }
}

Troubles missing_capabilities(const config::Config& config, const KeptCapabilities& kept) {
  Troubles troubles;
  for (const relay::Forwarding& forwarding : config.forwardings) {
    std::vector<upstream::Group> groups;
    std::ranges::copy_if(config.groups, std::back_inserter(groups),
                         [&](const upstream::Group& each) { return each.name == forwarding.group; });
    const std::string missing = missing_capability(capabilities_needed({forwarding}, groups), kept);
    if (missing.empty()) continue;
    troubles.push_back(
        {forwarding.name, "connect",
         Error{"forwarding '" + forwarding.name + "' needs " + missing, EPERM,
               std::string("lastbyte dropped it at the start, because no setting needed it; ") + kRestart}});
  }
  return troubles;
}

Troubles with_lost_privileges_told(Troubles troubles) {
  for (Trouble& each : troubles) {
    std::string& detail = each.error.detail;
    if (each.error.code != EACCES && each.error.code != EPERM) continue;
    if (detail.find(kRestart) != std::string::npos) continue;
    detail += std::string(detail.empty() ? "" : "; ") + "privileges were dropped at the start: " + kRestart;
  }
  return troubles;
}

}  // namespace lastbyte::proxy
