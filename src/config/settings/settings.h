// The one table of all settings. The YAML reader, the flags, the printer, `--help` and the reference in docs/ all
// derive from it, so that none of them can know a setting that the others lack.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/settings/config.h"

namespace lastbyte::config {

/// The headings under which help and reference show settings.
enum class Group : std::uint8_t { forwarding, limits, linger, client, upstream, process, log };

std::string_view title(Group group);

/// A condition for a setting's effect.
template <typename Owner>
struct Condition {
  std::string needs;  ///< the key of the setting that can leave this one without effect
  std::function<bool(const Owner&)> holds;
  std::string only = {};  ///< what that setting has to be, where its value alone does not say it; may be empty
  /// What that setting is, in the words of `only`; empty: its value says it.
  std::function<std::string(const Owner&)> state = {};
};

/// A text that is no value of its setting.
struct Misread {
  std::size_t index;  ///< among the texts that were given
  std::string what;   ///< what is wrong with it, and what was expected
};

/// How a setting gets in and out of its owner: Config, or one Forwarding of it.
template <typename Owner>
struct Field {
  /// Sets the value that the texts stand for: one text, or those of a list. Returns the texts that are wrong; they are
  /// left out.
  std::function<std::vector<Misread>(Owner&, const std::vector<std::string_view>&)> read;
  /// One text, or one each of a list.
  std::function<std::vector<std::string>(const Owner&)> print;
  /// Sets the value of `to` to that of `from`; a new owner has the default.
  std::function<void(Owner& to, const Owner& from)> copy;
  /// Whether both have the same value. A long list is compared without being printed.
  std::function<bool(const Owner&, const Owner&)> same;
  std::vector<Condition<Owner>> conditions;

  /// Whether it has any effect beside the owner's other settings.
  [[nodiscard]] bool applies(const Owner& owner) const {
    return std::all_of(conditions.begin(), conditions.end(), [&](const auto& each) { return each.holds(owner); });
  }
};

struct Setting {
  Group group = Group::forwarding;
  std::string key;          ///< where it stands in YAML, the levels joined by dots: "client.keepalive.idle"
  std::string flag;         ///< without dashes: the key with its dots as dashes, unless that is taken by another
  std::string placeholder;  ///< "DURATION"
  std::string expects;      ///< "1ms to 365d"
  std::string standard;     ///< the default as text
  std::string meaning;
  bool required = false;
  bool list = false;
  bool in_defaults = true;  ///< whether the `defaults` block may set it
  std::variant<Field<Config>, Field<relay::Forwarding>> field;

  [[nodiscard]] bool of_forwarding() const { return std::holds_alternative<Field<relay::Forwarding>>(field); }
};

/// In the order in which they are shown; settings of one YAML block stand together.
const std::vector<Setting>& settings();

/// nullptr: there is none.
const Setting* find_key(std::string_view key, bool of_forwarding);
const Setting* find_flag(std::string_view flag);

}  // namespace lastbyte::config
