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

/// The headings under which help and reference show settings.
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

/// In the order in which help shows them: what everyone needs comes first.
inline constexpr std::array kHeadings{Heading::forwarding,  Heading::limits, Heading::linger,   Heading::client,
                                      Heading::upstream,    Heading::names,  Heading::retry,    Heading::group,
                                      Heading::group_names, Heading::check,  Heading::ejection, Heading::member,
                                      Heading::process,     Heading::log,    Heading::doors};

std::string_view title(Heading heading);

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

/// How a setting gets in and out of its owner.
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
  Heading heading = Heading::forwarding;
  std::string key;   ///< where it stands in its block, the levels joined by dots: "client.keepalive.idle"
  std::string flag;  ///< without dashes: the key with its dots as dashes, unless that is taken by another. Empty:
                     ///< it has none, because a command line has no such owner
  std::string placeholder;  ///< "DURATION"
  std::string expects;      ///< "1ms to 365d"
  std::string standard;     ///< the default as text
  std::string meaning;
  bool required = false;
  bool list = false;
  bool in_defaults = true;  ///< whether the `defaults` block may set it
  Owners<Field> field;

  [[nodiscard]] OwnerKind owner() const { return static_cast<OwnerKind>(field.index()); }
  /// Whether blocks of this kind may have it.
  [[nodiscard]] bool belongs_in(const BlockKind& kind) const {
    return owner() == kind.owner && (&kind != &kDefaults || in_defaults);
  }
};

/// In the order in which they are shown; settings of one YAML block stand together.
const std::vector<Setting>& settings();

/// nullptr: there is none.
const Setting* find_key(std::string_view key, OwnerKind owner);
const Setting* find_flag(std::string_view flag);
/// Precondition: there is one.
template <typename Of>
const Setting& setting_of(std::string_view key) {
  return *find_key(key, kOwner<Of>);
}

}  // namespace lastbyte::config
