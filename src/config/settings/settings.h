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

#include "config/settings/owners.h"

namespace lastbyte::config {

/// The headings that group settings in help and reference.
enum class Heading : std::uint8_t {
  process,
  log,
  doors,
  forwarding,
  limits,
  linger,
  client,
  upstream,
  names,
  retry,
  group,
  group_names,
  check,
  ejection,
  member
};

/// In the order of the help text: what everyone needs comes first.
inline constexpr std::array kHeadings{Heading::forwarding,  Heading::limits, Heading::linger,   Heading::client,
                                      Heading::upstream,    Heading::names,  Heading::retry,    Heading::group,
                                      Heading::group_names, Heading::check,  Heading::ejection, Heading::member,
                                      Heading::process,     Heading::log,    Heading::doors};

std::string_view title(Heading heading);

/// A condition under which a setting has an effect.
template <typename Owner>
struct Condition {
  std::string needs;  ///< key of the setting that decides whether this one has an effect
  std::function<bool(const Owner&)> holds;
  std::string only = {};  ///< what that setting must be, if its value alone does not say it; may be empty
  /// What that setting is, in the terms of `only`; empty: its value says it.
  std::function<std::string(const Owner&)> state = {};
};

/// A text that is not a valid value of its setting.
struct Misread {
  std::size_t index;  ///< among the given texts
  std::string what;   ///< what is wrong with it, and what was expected
};

/// Reads and prints a setting of its owner.
template <typename Owner>
struct Field {
  /// Sets the value from the texts: one text, or those of a list. Returns the invalid texts, which are skipped.
  std::function<std::vector<Misread>(Owner&, const std::vector<std::string_view>&)> read;
  /// Returns one text, or one per element of a list.
  std::function<std::vector<std::string>(const Owner&)> print;
  /// Sets the value of `to` to that of `from`; in a new owner it is the default.
  std::function<void(Owner& to, const Owner& from)> copy;
  /// Whether both values are the same. A long list is compared without printing it.
  std::function<bool(const Owner&, const Owner&)> same;
  std::vector<Condition<Owner>> conditions;

  /// Whether the setting has an effect, given the owner's other settings.
  [[nodiscard]] bool applies(const Owner& owner) const {
    return std::all_of(conditions.begin(), conditions.end(), [&](const auto& each) { return each.holds(owner); });
  }
};

struct Setting {
  Heading heading = Heading::forwarding;
  std::string key;          ///< the path in its block, levels joined by dots: "client.keepalive.idle"
  std::string flag;         ///< without dashes: the key with dashes for dots, unless another flag has that name. Empty:
                            ///< the setting has no flag, because a command line has no such owner
  std::string placeholder;  ///< "DURATION"
  std::string expects;      ///< "1ms to 365d"
  std::string standard;     ///< the default as text
  std::string meaning;
  bool required = false;
  bool list = false;
  bool in_defaults = true;  ///< the `defaults` block may set it
  Owners<Field> field;

  [[nodiscard]] OwnerKind owner() const { return static_cast<OwnerKind>(field.index()); }
  /// Whether blocks of this kind may contain the setting.
  [[nodiscard]] bool belongs_in(const BlockKind& kind) const {
    return owner() == kind.owner && (&kind != &kDefaults || in_defaults);
  }
};

/// In display order; settings of one YAML block are adjacent.
const std::vector<Setting>& settings();

/// nullptr: there is no such setting.
const Setting* find_key(std::string_view key, OwnerKind owner);
const Setting* find_flag(std::string_view flag);
/// Precondition: the setting exists.
template <typename Of>
const Setting& setting_of(std::string_view key) {
  return *find_key(key, kOwner<Of>);
}

}  // namespace lastbyte::config
