// Settings of groups and members that are valid on their own but contradict each other.
#include <algorithm>
#include <map>

#include "base/text.h"
#include "config/assemble/assembled.h"
#include "config/values/names.h"

namespace lastbyte::config {

namespace {

using upstream::Check;
using upstream::Policy;
using Group = Assembled<upstream::Group>;
using Member = Assembled<upstream::Member>;

/// Whether the endpoint was given and could be read.
bool has_endpoint(const Member& member) { return member.placed.contains("connect") && member.good("connect"); }

bool all_have_endpoints(const AssembledGroup& group) { return std::ranges::all_of(group.members, has_endpoint); }

std::string name_of(net::Transport transport) { return std::string(net::name(transport)); }

void check_name(const Group& group, std::vector<Problem>& problems) {
  const auto name = parse_group_name(group.value.name);
  if (!name) problems.push_back({group.where, "groups: " + in_quotes(group.value.name) + ": " + name.error()});
}

/// Host names do not depend on case.
std::string identity_of(const upstream::Member& member) {
  if (member.endpoint.is_unix()) return member.endpoint.text();
  net::Endpoint lower = member.endpoint;
  std::ranges::transform(lower.host, lower.host.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return (member.srv ? "srv:" : "") + lower.text();
}

void check_members(const AssembledGroup& group, std::vector<Problem>& problems) {
  std::map<std::string, const Member*> seen;
  const Member* first = nullptr;
  for (const Member& member : group.members) {
    if (!has_endpoint(member)) continue;
    const auto [earlier, is_new] = seen.emplace(identity_of(member.value), &member);
    if (!is_new) {
      problems.push_back(problem_with(member, "connect",
                                      "is a member already (" + earlier->second->origin("connect").text() +
                                          "); expected each once, with a weight"));
    }
    if (first == nullptr) first = &member;
    const net::Transport transport = member.value.endpoint.transport;
    if (transport != first->value.endpoint.transport) {
      problems.push_back(problem_with(member, "connect",
                                      "is " + name_of(transport) + ", but the first member is " +
                                          named(*first, "connect") + "; expected one transport for all members"));
    }
    if (member.value.srv && group.group.good("names.resolver") &&
        group.group.value.names.resolver != upstream::Resolver::dns) {
      problems.push_back(problem_with(member, "connect",
                                      "only DNS has SRV records; expected names.resolver to be dns (it is " +
                                          named(group.group, "names.resolver") + ")"));
    }
  }
}

void check_weights(const AssembledGroup& group, std::vector<Problem>& problems) {
  if (group.members.empty()) return;
  const auto& members = group.members;
  const bool known =
      std::ranges::all_of(members, [](const Member& each) { return each.good("weight") && each.good("backup"); });
  if (!known) return;
  const std::string name = "group " + in_quotes(group.group.value.name) + ": ";
  if (std::ranges::all_of(members, [](const Member& each) { return each.value.backup; })) {
    problems.push_back(
        problem_with(members.front(), "backup", name + "every member is a backup; expected one that is not"));
    return;
  }
  const auto first = std::ranges::find_if(members, [](const Member& each) { return !each.value.backup; });
  if (std::ranges::all_of(members, [](const Member& each) { return each.value.backup || each.value.weight == 0; }))
    problems.push_back(problem_with(
        *first, "weight", name + "every member that is no backup has weight 0; expected at least one above 0"));
}

/// UDP has no connections to time or to wait for.
void check_datagrams(const AssembledGroup& group, std::vector<Problem>& problems) {
  if (group.members.empty() || !all_have_endpoints(group)) return;
  const Member& first = group.members.front();
  if (first.value.endpoint.transport != net::Transport::udp) return;
  const Group& own = group.group;
  const std::string udp = ", and the members are udp (" + first.origin("connect").text() + ")";
  if (own.good("policy") && own.value.policy == Policy::fastest)
    problems.push_back(problem_with(
        own, "policy", "goes by the time to connect, which udp does not have" + udp + "; expected another policy"));
  if (own.good("queue.length") && own.value.queue.length != 0)
    problems.push_back(problem_with(own, "queue.length", "datagrams do not wait" + udp + "; expected 0"));
}

void check_checks(const AssembledGroup& group, std::vector<Problem>& problems) {
  const Group& own = group.group;
  const auto& check = own.value.check;
  if (!check || !own.good("check.kind")) return;
  const auto report = [&](std::string_view key, const std::string& what) {
    problems.push_back(problem_with(own, key, what));
  };
  if (check->kind == Check::Kind::expect && check->expect.empty() && own.good("check.expect"))
    report("check.kind", "waits for nothing; expected check.expect, the bytes to wait for");
  const bool has_port = check->port.has_value() || !own.good("check.port");
  if (check->kind == Check::Kind::agent && !has_port)
    report("check.kind", "the agent has a port of its own; expected check.port");
  const bool udp = !group.members.empty() && all_have_endpoints(group) &&
                   group.members.front().value.endpoint.transport == net::Transport::udp;
  if (udp && !has_port)
    report("check.kind", "checks connect by tcp, and the members are udp; expected check.port, a tcp port of theirs");
}

void check_ejection(const Group& group, std::vector<Problem>& problems) {
  const auto& ejection = group.value.ejection;
  if (!ejection || !group.good("ejection.on")) return;
  if (!ejection->on_connect_failure && !ejection->on_early_reset && !ejection->on_reset_unread && !ejection->on_timeout)
    problems.push_back({group.origin("ejection.on"), "ejection.on: nothing ejects a member; expected one of " +
                                                         setting_of<upstream::Group>("ejection.on").expects +
                                                         ", or ejection.after to be none"});
  expect_at_most(group, "ejection.time", "ejection.longest", ejection->time <= ejection->longest, "", problems);
}

/// Checks connect from where sessions connect, and a member has one health.
void check_places(const AssembledGroup& group, const AssembledConfig& all, std::vector<Problem>& problems) {
  const Assembled<relay::Forwarding>* first = nullptr;
  for (const Assembled<relay::Forwarding>& each : all.forwardings) {
    if (!group.group.value.check || each.value.group != group.group.value.name) continue;
    if (!each.good("upstream.netns") || !each.good("upstream.root")) continue;
    if (first == nullptr) first = &each;
    const auto report = [&](std::string_view key, const std::string& where) {
      problems.push_back(problem_with(each, key,
                                      "group " + in_quotes(group.group.value.name) + " has checks, and forwarding " +
                                          in_quotes(first->value.name) + " has them made in another " + where + ", " +
                                          print(*first, key) + " (" + first->origin(key).text() +
                                          "); expected the same, or a group of its own"));
    };
    if (each.value.upstream.netns != first->value.upstream.netns) report("upstream.netns", "network namespace");
    if (each.value.upstream.root != first->value.upstream.root) report("upstream.root", "root directory");
  }
}

}  // namespace

void check_groups(const AssembledConfig& all, std::vector<Problem>& problems) {
  for (const AssembledGroup& group : all.groups) {
    check_name(group.group, problems);
    check_members(group, problems);
    check_weights(group, problems);
    check_datagrams(group, problems);
    check_checks(group, problems);
    check_ejection(group.group, problems);
    check_places(group, all, problems);
  }
}

}  // namespace lastbyte::config
