// Proxies that the checker knows how to start.
#pragma once

#include <string>
#include <vector>

#include "check/target.h"

namespace lastbyte::check {

struct Launcher {
  Target target;
  std::vector<std::string> programs;         ///< all must be there
  std::vector<std::string> files = {};       ///< likewise
  std::vector<std::string> version_command;  ///< its first line of output is the version; empty: none
};

/// This program first.
const std::vector<Launcher>& launchers();
/// The first of them that starts this program, a path or a name; nullptr: none. One with a configuration file has its
/// template in its form.
const Launcher* find_launcher(const std::string& program);
/// With commas.
std::string launcher_names();
/// What of it is not installed; empty: all is there.
std::string missing(const Launcher& launcher);
/// The target, with its version asked for.
Target ready(const Launcher& launcher);
/// What this program says of its version, as the launcher asks for it; empty: nothing.
std::string version_of(const Launcher& launcher, const std::string& program);

}  // namespace lastbyte::check
