// The rules. Each examines the facts and returns its findings, or none. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "doctor/rules/facts.h"

namespace lastbyte::doctor {

enum class Severity : std::uint8_t {
  note,      ///< worth knowing
  warning,   ///< costs something now, or will under load
  critical,  ///< connections or data are being lost now
};
/// "note", "warning", "critical".
std::string_view severity_word(Severity severity);

/// The observation of a rule.
struct Evidence {
  std::string text;                       ///< one sentence with the figures
  std::string command = {};               ///< the remedy; empty: the rule's command
  std::optional<Severity> severity = {};  ///< absent: the rule's severity
};

struct Rule {
  std::string_view id;  ///< stable: "tw-reuse-off"
  Severity severity;
  std::string_view title;        ///< one sentence
  std::string_view condition;    ///< sentences: when the rule reports a finding
  std::string_view consequence;  ///< one or two sentences
  std::string_view command;      ///< the remedy: a command, or a sentence that says what to do
  std::string_view documentation;
  /// Returns one evidence for each finding.
  std::vector<Evidence> (*look)(const Facts& facts);
};

/// All rules, ordered by subject.
std::vector<Rule> all_rules();

struct Finding {
  std::string_view id;
  Severity severity = Severity::note;
  std::string_view title;
  std::string evidence;
  std::string_view consequence;
  std::string command;
  std::string_view documentation;
};

/// Returns the findings of all rules, the worst first; equal ones stay in the order of the rules.
std::vector<Finding> examine(const Facts& facts);

/// Adapts a command for a shell in another network namespace: puts `enter` ("ip netns exec blue", or empty) before each
/// command that belongs to the examined namespace.
std::string in_namespace(std::string command, std::string_view enter);

// The tables of rules, one file per subject.
std::span<const Rule> setting_rules();
std::span<const Rule> capacity_rules();
std::span<const Rule> counter_rules();
std::span<const Rule> socket_rules();
std::span<const Rule> process_rules();

}  // namespace lastbyte::doctor
