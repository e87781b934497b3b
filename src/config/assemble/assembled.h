// A Draft whose values have been read: the settings, and where each was given. The checks work on it.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/read/draft.h"
#include "config/settings/config.h"
#include "config/values/codec.h"

namespace lastbyte::config {

/// How close to its owner a value was given; the closest one applies. For the process, a value in the file is `outer`
/// and a flag is `own`.
enum class Level : std::uint8_t { builtin, outer, own };

/// The origin of a setting's value.
struct Placed {
  Level level = Level::builtin;
  Origin where;
  /// The texts; null: not given. Shared, because every forwarding has the texts of the defaults.
  std::shared_ptr<const std::vector<Text>> values = {};
};

/// An owner of settings, with the places of their values.
template <typename Owner>
struct Assembled {
  Owner value;
  Origin where;                                       ///< place of the owner itself
  std::map<std::string, Placed, std::less<>> placed;  ///< by key; absent keys have their built-in value
  std::set<std::string, std::less<>> failed;          ///< keys whose value could not be read

  [[nodiscard]] bool good(std::string_view key) const { return !failed.contains(key); }
  [[nodiscard]] Level level(std::string_view key) const {
    const auto found = placed.find(key);
    return found == placed.end() ? Level::builtin : found->second.level;
  }
  /// Returns where the value was given; if it was not, the place of the owner.
  [[nodiscard]] Origin origin(std::string_view key) const {
    const auto found = placed.find(key);
    return found == placed.end() ? where : found->second.where;
  }
};

struct AssembledGroup {
  Assembled<upstream::Group> group;
  std::vector<Assembled<upstream::Member>> members;  ///< members of `group`, in order
};

struct AssembledConfig {
  Assembled<Config> process;  ///< without the groups and forwardings
  std::vector<AssembledGroup> groups;
  std::vector<Assembled<relay::Forwarding>> forwardings;
};

/// Makes a problem with a given value: "key: 'text': what", at its place.
Problem problem_with(const Setting& setting, const Origin& where, std::string_view text, const std::string& what);

/// Returns the group of this name; nullptr: there is none.
const AssembledGroup* find_group(const AssembledConfig& all, std::string_view name);

/// Prints the value; a list with commas.
template <typename Owner>
std::string print(const Owner& owner, const Setting& setting) {
  std::string text;
  for (const std::string& each : std::get<Field<Owner>>(setting.field).print(owner))
    text += (text.empty() ? "" : ", ") + each;
  return text.empty() ? std::string(kNoneWord) : text;
}
template <typename Owner>
std::string print(const Assembled<Owner>& owner, std::string_view key) {
  return print(owner.value, setting_of<Owner>(key));
}

/// Makes a problem with a value, at the place where it was given.
template <typename Owner>
Problem problem_with(const Assembled<Owner>& owner, std::string_view key, const std::string& what) {
  return problem_with(setting_of<Owner>(key), owner.origin(key), print(owner, key), what);
}

/// Names a setting and its place: "linger.timeout, 5s (proxy.yaml:4:9)", or "(the default)".
template <typename Owner>
std::string named(const Assembled<Owner>& owner, std::string_view key) {
  const bool builtin = owner.level(key) == Level::builtin;
  return std::string(key) + ", " + print(owner, key) + " (" + (builtin ? "the default" : owner.origin(key).text()) +
         ")";
}

/// Reports a problem unless `holds`: `less` must not exceed `more`. It is reported at the value that was given closer.
template <typename Owner>
void expect_at_most(const Assembled<Owner>& owner, std::string_view less, std::string_view more, bool holds,
                    const std::string& why, std::vector<Problem>& problems) {
  if (holds || !owner.good(less) || !owner.good(more)) return;
  const bool less_is_nearer = owner.level(less) >= owner.level(more);
  problems.push_back(
      less_is_nearer
          ? problem_with(owner, less, "is more than " + named(owner, more) + "; expected at most that" + why)
          : problem_with(owner, more, "is less than " + named(owner, less) + "; expected at least that" + why));
}

/// Reports settings of groups and members that contradict each other.
void check_groups(const AssembledConfig& all, std::vector<Problem>& problems);
/// Reports settings that contradict each other, within one forwarding or with the process.
void check_combinations(const AssembledConfig& all, std::vector<Problem>& problems);
/// Warns of valid combinations that make access control or the limits of clients ineffective.
void warn_of_combinations(const AssembledConfig& all, std::vector<Problem>& warnings);
/// Reports conflicts between forwardings: names and listeners given twice, and loops.
void check_listeners(const AssembledConfig& all, std::vector<Problem>& problems);

}  // namespace lastbyte::config
