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
/// The one of them that starts this program with a configuration file, which is a template in its form; nullptr: none.
const Target* launched_with_config(const std::string& program);
/// With commas.
std::string launcher_names();
/// What of it is not installed; empty: all is there.
std::string missing(const Launcher& launcher);
/// The target, with its version asked for.
Target ready(const Launcher& launcher);

}  // namespace lastbyte::check
