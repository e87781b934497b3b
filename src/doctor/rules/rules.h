// The rules: each looks at facts and finds, or finds nothing. Pure.
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
  warning,   ///< costs something, or will under load
  critical,  ///< connections or data are being lost now
};
/// "note", "warning", "critical".
std::string_view severity_word(Severity severity);

/// What a rule has seen.
struct Evidence {
  std::string text;                       ///< a sentence, with the figures
  std::string command = {};               ///< that mends it; empty: that of the rule
  std::optional<Severity> severity = {};  ///< where it is not that of the rule
};

struct Rule {
  std::string_view id;  ///< stable: "tw-reuse-off"
  Severity severity;
  std::string_view title;        ///< a sentence
  std::string_view condition;    ///< when it is a finding: sentences
  std::string_view consequence;  ///< a sentence or two
  std::string_view command;      ///< that mends it, or the sentence that says what to do
  std::string_view documentation;
  /// One evidence a finding.
  std::vector<Evidence> (*look)(const Facts& facts);
};

/// All of them, by subject.
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

/// What all rules find, the worst first, in the order of the rules among equals.
std::vector<Finding> examine(const Facts& facts);

/// The command, for the shell of somebody who is in another network namespace than the one examined: `enter` ("ip netns
/// exec blue", or empty) stands before each that belongs to the namespace.
std::string in_namespace(std::string command, std::string_view enter);

// Their tables, a file a subject.
std::span<const Rule> setting_rules();
std::span<const Rule> capacity_rules();
std::span<const Rule> counter_rules();
std::span<const Rule> socket_rules();
std::span<const Rule> process_rules();

}  // namespace lastbyte::doctor
