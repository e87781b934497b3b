// A Draft after its values have been read: the settings, and where each was given. The checks work on it.
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

/// How near to its owner a value was given; the nearest one applies. For the process, the value of a file is `outer`
/// and that of a flag `own`.
enum class Level : std::uint8_t { builtin, outer, own };

/// Where the value of a setting comes from.
struct Placed {
  Level level = Level::builtin;
  Origin where;
  /// The texts; null: it was not given. Shared, because each forwarding has those of the defaults.
  std::shared_ptr<const std::vector<Text>> values = {};
};

/// Whatever has settings, with the places of its values.
template <typename Owner>
struct Assembled {
  Owner value;
  Origin where;                                       ///< of the whole
  std::map<std::string, Placed, std::less<>> placed;  ///< by key; what is absent is built in
  std::set<std::string, std::less<>> failed;          ///< keys whose value could not be read

  [[nodiscard]] bool good(std::string_view key) const { return !failed.contains(key); }
  [[nodiscard]] Level level(std::string_view key) const {
    const auto found = placed.find(key);
    return found == placed.end() ? Level::builtin : found->second.level;
  }
  /// Where the value was given, or the whole if it was not.
  [[nodiscard]] Origin origin(std::string_view key) const {
    const auto found = placed.find(key);
    return found == placed.end() ? where : found->second.where;
  }
};

struct AssembledGroup {
  Assembled<upstream::Group> group;
  std::vector<Assembled<upstream::Member>> members;  ///< those of `group`, in their order
};

struct AssembledConfig {
  Assembled<Config> process;  ///< without the groups and forwardings
  std::vector<AssembledGroup> groups;
  std::vector<Assembled<relay::Forwarding>> forwardings;
};

/// A problem with a value that was given: "key: 'text': what" where it stands.
Problem problem_with(const Setting& setting, const Origin& where, std::string_view text, const std::string& what);

/// The group of this name; nullptr: there is none.
const AssembledGroup* find_group(const AssembledConfig& all, std::string_view name);

/// The value as it is printed; a list with commas.
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

/// A problem with a value, where it was given.
template <typename Owner>
Problem problem_with(const Assembled<Owner>& owner, std::string_view key, const std::string& what) {
  return problem_with(setting_of<Owner>(key), owner.origin(key), print(owner, key), what);
}

/// "linger.timeout, 5s (proxy.yaml:4:9)", or "(the default)".
template <typename Owner>
std::string named(const Assembled<Owner>& owner, std::string_view key) {
  const bool builtin = owner.level(key) == Level::builtin;
  return std::string(key) + ", " + print(owner, key) + " (" + (builtin ? "the default" : owner.origin(key).text()) +
         ")";
}

/// Two values of which `less` is to be no more than `more`; reported at the one that was given nearer.
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
/// Warns of combinations that are valid, but make access control or the limits of clients ineffective.
void warn_of_combinations(const AssembledConfig& all, std::vector<Problem>& warnings);
/// Reports conflicts between forwardings: names and listeners given twice, and loops.
void check_listeners(const AssembledConfig& all, std::vector<Problem>& problems);

}  // namespace lastbyte::config
