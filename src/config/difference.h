// Compares the running configuration with the one that is to replace it. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "config/settings/config.h"

namespace lastbyte::config {

/// Keys of the process's settings whose values differ, in the order of the table.
std::vector<std::string> differing_keys(const Config& before, const Config& after);
/// The same for the settings of one forwarding.
std::vector<std::string> differing_keys(const relay::Forwarding& before, const relay::Forwarding& after);
/// The same for those of a group; "members" if any of these differs.
std::vector<std::string> differing_keys(const upstream::Group& before, const upstream::Group& after);

/// For each forwarding of `after`, the index of the forwarding of `before` that it continues: the one with the same
/// name, or else the one with the same listener. nullopt: the forwarding is new. Each index occurs at most once.
std::vector<std::optional<std::size_t>> predecessors(const std::vector<relay::Forwarding>& before,
                                                     const std::vector<relay::Forwarding>& after);

/// Returns `after` with the values of `before` for all settings of the process that `changeable` does not name.
Config keep_all_but(const std::vector<std::string>& changeable, const Config& before, Config after);

}  // namespace lastbyte::config
