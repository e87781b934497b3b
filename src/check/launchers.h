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
  /// Added to a form's command, it makes the program say by its exit status whether it takes the form; empty: it is
  /// known to take all.
  std::string probe = {};
};

/// This program first.
const std::vector<Launcher>& launchers();
/// With commas.
std::string launcher_names();
/// What of it is not installed; empty: all is there.
std::string missing(const Launcher& launcher);
/// The target, with its version asked for, and without the forms that its program does not take.
Target ready(const Launcher& launcher);

}  // namespace lastbyte::check
