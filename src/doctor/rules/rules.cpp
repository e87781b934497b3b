#include "doctor/rules/rules.h"

#include <algorithm>
#include <array>

namespace lastbyte::doctor {

std::string_view severity_word(Severity severity) {
  switch (severity) {
    case Severity::note: return "note";
    case Severity::warning: return "warning";
    case Severity::critical: return "critical";
  }
  return {};
}

std::vector<Rule> all_rules() {
  std::vector<Rule> all;
  for (const auto rules : {setting_rules(), capacity_rules(), counter_rules(), socket_rules(), process_rules()})
    all.insert(all.end(), rules.begin(), rules.end());
  return all;
}

std::string in_namespace(std::string command, std::string_view enter) {
  if (enter.empty()) return command;
  // Settings that exist once per kernel, although their names are below net: only the first namespace may write them.
  constexpr std::array<std::string_view, 3> kOfTheHost{"net.ipv4.tcp_mem", "net.ipv4.tcp_max_orphans",
                                                       "net.netfilter.nf_conntrack_max"};
  constexpr std::string_view kSet = "sysctl -w ";
  constexpr std::string_view kShow = "ss ";
  if (command.starts_with(kShow)) return std::string(enter) + " " + command;
  const std::size_t at = command.find(kSet);
  if (at == std::string::npos) return command;
  const std::string_view setting = std::string_view(command).substr(at + kSet.size());
  if (!setting.starts_with("net.") ||
      std::ranges::any_of(kOfTheHost, [&](auto name) { return setting.starts_with(name); }))
    return command;
  return command.insert(at, std::string(enter) + " ");
}

std::vector<Finding> examine(const Facts& facts) {
  std::vector<Finding> findings;
  for (const Rule& rule : all_rules()) {
    for (Evidence& evidence : rule.look(facts))
      findings.push_back(
          {.id = rule.id,
           .severity = evidence.severity.value_or(rule.severity),
           .title = rule.title,
           .evidence = std::move(evidence.text),
           .consequence = rule.consequence,
           .command = in_namespace(evidence.command.empty() ? std::string(rule.command) : std::move(evidence.command),
                                   facts.enter),
           .documentation = rule.documentation});
  }
  std::ranges::stable_sort(findings, std::greater{}, &Finding::severity);
  return findings;
}

}  // namespace lastbyte::doctor
