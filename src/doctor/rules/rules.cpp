#include "doctor/rules/rules.h"

#include <algorithm>

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

std::vector<Finding> examine(const Facts& facts) {
  std::vector<Finding> findings;
  for (const Rule& rule : all_rules()) {
    for (Evidence& evidence : rule.look(facts))
      findings.push_back({.id = rule.id,
                          .severity = evidence.severity.value_or(rule.severity),
                          .title = rule.title,
                          .evidence = std::move(evidence.text),
                          .consequence = rule.consequence,
                          .command = evidence.command.empty() ? std::string(rule.command) : std::move(evidence.command),
                          .documentation = rule.documentation});
  }
  std::ranges::stable_sort(findings, std::greater{}, &Finding::severity);
  return findings;
}

}  // namespace lastbyte::doctor
