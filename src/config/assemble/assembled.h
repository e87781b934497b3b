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

/// Config or Forwarding, with the places of its values.
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

struct AssembledConfig {
  Assembled<Config> process;  ///< without the forwardings
  std::vector<Assembled<relay::Forwarding>> forwardings;
};

/// A problem with a value that was given: "key: 'text': what" where it stands.
Problem problem_with(const Setting& setting, const Origin& where, std::string_view text, const std::string& what);

/// Reports settings that contradict each other, within one forwarding or with the process.
void check_combinations(const AssembledConfig& all, std::vector<Problem>& problems);
/// Warns of combinations that are valid, but make access control or the limits of clients ineffective.
void warn_of_combinations(const AssembledConfig& all, std::vector<Problem>& warnings);
/// Reports conflicts between forwardings: names and listeners given twice, and loops.
void check_listeners(const AssembledConfig& all, std::vector<Problem>& problems);

}  // namespace lastbyte::config
