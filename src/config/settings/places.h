// Records where the settings of forwardings and of the process were given, for problems that show up only later.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "config/settings/origin.h"

namespace lastbyte::config {

class Places {
 public:
  /// `places` has one entry per value of the setting. `forwarding`: empty: it is the process's.
  void add(const std::string& forwarding, const std::string& key, std::vector<Origin> places);
  /// `places` has one entry per member of the group.
  void add_members(const std::string& group, std::vector<Origin> places);

  /// Returns the place of a value of a forwarding's setting; of its `listen`, if the setting was not given. nullopt: no
  /// place is known.
  [[nodiscard]] std::optional<Origin> of(const std::string& forwarding, std::string_view key,
                                         std::size_t index = 0) const;
  /// Returns the place of a member of a group, by its index in the group.
  [[nodiscard]] std::optional<Origin> of_member(const std::string& group, std::size_t index) const;

 private:
  using ByKey = std::map<std::string, std::vector<Origin>, std::less<>>;
  std::unordered_map<std::string, ByKey> forwardings_;
  std::unordered_map<std::string, std::vector<Origin>> members_;  ///< by the group's name
};

}  // namespace lastbyte::config
