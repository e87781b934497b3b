// Formats the answers of the administration interface as JSON (docs/openapi.yaml). Pure.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "admin/terms/operations.h"

namespace lastbyte::admin {

struct StatusParts {
  const std::string& instance;
  const observe::Snapshot& snapshot;
  const std::vector<ForwardingFacts>& forwardings;
  const std::vector<GroupFacts>& groups;
  const Health& health;
  const std::string& reload_failure;
  bool may_administer;
  WallTime now;
};

std::string status_json(const StatusParts& parts);
std::string forwardings_json(const std::vector<ForwardingFacts>& facts, const observe::Snapshot& snapshot);
std::string groups_json(const std::vector<GroupFacts>& groups);
std::string ports_json(const observe::Snapshot& snapshot);
/// A page of sessions. `total` is the number of the process's open sessions.
struct SessionsParts {
  const std::string& instance;
  const std::vector<relay::SessionView>& page;
  std::size_t matched;
  std::size_t total;
};
std::string sessions_json(const SessionsParts& parts);
std::string session_json(const std::string& instance, const relay::SessionView& session);
std::string event_json(const relay::SessionEvent& event, WallTime now);
std::string event_json(const Happening& happening);
/// Reports the number of events that a reader missed.
std::string dropped_json(std::uint64_t count, WallTime now);

}  // namespace lastbyte::admin
