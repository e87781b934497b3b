// What is different between two configurations: the one that runs and the one that is to. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "config/settings/config.h"

namespace lastbyte::config {

/// The keys of the process's settings that differ, in the order of the table.
std::vector<std::string> differing_keys(const Config& before, const Config& after);
/// Those of a forwarding.
std::vector<std::string> differing_keys(const relay::Forwarding& before, const relay::Forwarding& after);

/// For each forwarding of `after`, which one of `before` it is: the one of its name, or else the one that listens where
/// it does, under another name. nullopt: it is new. No two are the same one.
std::vector<std::optional<std::size_t>> predecessors(const std::vector<relay::Forwarding>& before,
                                                     const std::vector<relay::Forwarding>& after);

/// `after`, but for the process's settings whose keys are not in `changeable`: those are as in `before`.
Config keep_all_but(const std::vector<std::string>& changeable, const Config& before, Config after);

}  // namespace lastbyte::config
