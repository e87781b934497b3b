// `lastbyte import lxd`: converts proxy devices of LXD and Incus into an equivalent configuration.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings/config.h"

namespace lastbyte::config {

struct Imported {
  std::string yaml;  ///< the converted devices, with notes as comments; empty: none, or they do not fit into one file
  std::vector<Problem> notes;     ///< differences from LXD, and what the user has to know
  std::vector<Problem> problems;  ///< what could not be converted; empty: everything was
};

/// Converts the devices. Pure. `text` is the output of `lxc config device show`, `lxc config show`, `lxc profile show`
/// or `lxc query`, or a single device; `name` appears in notes and problems. `pid` is the instance's first process,
/// whose namespaces are entered. Without it the configuration contains the word PID, and does not load before the user
/// replaces it.
Imported import_lxd(std::string_view text, const std::string& name, std::optional<std::uint32_t> pid = std::nullopt);

}  // namespace lastbyte::config
