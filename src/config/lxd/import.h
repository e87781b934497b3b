// `lastbyte import lxd`: proxy devices of LXD and Incus into a configuration that does the same.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings/config.h"

namespace lastbyte::config {

struct Imported {
  std::string yaml;  ///< the devices that could be taken over, with notes as comments; empty: none, or not in one file
  std::vector<Problem> notes;     ///< what is not as it was, or has to be known
  std::vector<Problem> problems;  ///< what could not be taken over; empty: everything was
};

/// Pure. `text` is what `lxc config device show`, `lxc config show`, `lxc profile show` or `lxc query` print, or one
/// device alone; `name` is shown in notes and problems. `pid` is the instance's first process, whose namespaces are
/// entered; without it the configuration has the word PID in its place, and does not load before it is filled in.
Imported import_lxd(std::string_view text, const std::string& name, std::optional<std::uint32_t> pid = std::nullopt);

}  // namespace lastbyte::config
