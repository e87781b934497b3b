// Combinations of settings that are valid but dangerous.
#include <algorithm>
#include <string>
#include <vector>

#include "config/assemble/assembled.h"

namespace lastbyte::config {

namespace {

/// Lists the settings of a forwarding that use the address in a PROXY header: "client.allow, client.deny".
std::string settings_by_address(const relay::Forwarding& forwarding) {
  std::string keys;
  const auto add = [&](bool is_set, const std::string& key) {
    if (is_set) keys += (keys.empty() ? "" : ", ") + key;
  };
  add(!forwarding.access.allow.empty(), "client.allow");
  add(!forwarding.access.deny.empty(), "client.deny");
  add(forwarding.max_sessions_per_client.has_value(), "max-sessions-per-client");
  add(forwarding.upstream.transparent != net::Transparent::off, "upstream.transparent");
  return keys;
}

/// Without client.proxy-trusted, every client that reaches the listener may send a header with any address in it. Only
/// TCP clients have an address to trust.
void warn_of_headers_from_anybody(const Assembled<relay::Forwarding>& placings, std::vector<Problem>& warnings) {
  const relay::Forwarding& forwarding = placings.value;
  if (forwarding.listen.transport != net::Transport::tcp) return;
  if (forwarding.proxy_header == relay::ProxyHeader::off || !forwarding.proxy_trusted.empty()) return;
  const std::string keys = settings_by_address(forwarding);
  if (keys.empty()) return;
  warnings.push_back(problem_with(placings, "client.proxy-protocol",
                                  "any client can claim any address in its PROXY header, and these settings go by that "
                                  "address: " +
                                      keys + "; name the load balancers in client.proxy-trusted"));
}

void warn_of_unused_groups(const AssembledConfig& all, std::vector<Problem>& warnings) {
  for (const AssembledGroup& group : all.groups) {
    const std::string& name = group.group.value.name;
    const bool used = std::ranges::any_of(all.forwardings, [&](const auto& each) { return each.value.group == name; });
    if (!used) warnings.push_back({group.group.where, "groups." + name + ": no forwarding uses this group"});
  }
}

/// A UNIX client has an address only if a PROXY header names one.
void warn_of_hashes_without_address(const Assembled<relay::Forwarding>& placings, const AssembledConfig& all,
                                    std::vector<Problem>& warnings) {
  const relay::Forwarding& forwarding = placings.value;
  if (!forwarding.listen.is_unix() || forwarding.proxy_header != relay::ProxyHeader::off) return;
  const AssembledGroup* group = find_group(all, forwarding.group);
  if (group == nullptr || group->group.value.policy != upstream::Policy::source_hash) return;
  warnings.push_back(
      problem_with(placings, "connect",
                   "the policy of the group, source-hash, goes by the client's address, and clients of " +
                       named(placings, "listen") + " have none: one member gets all their sessions"));
}

}  // namespace

void warn_of_combinations(const AssembledConfig& all, std::vector<Problem>& warnings) {
  warn_of_unused_groups(all, warnings);
  for (const auto& placings : all.forwardings) {
    warn_of_headers_from_anybody(placings, warnings);
    warn_of_hashes_without_address(placings, all, warnings);
  }
}

}  // namespace lastbyte::config
