// Completes command lines: scripts for bash, zsh and fish, made from the tables of options that --help prints.
#pragma once

#include <span>
#include <string>

#include "cli/command.h"

namespace lastbyte::cli {

enum class Shell { bash, zsh, fish };

/// Returns the script that completes `lastbyte` with these commands.
std::string completion_script(Shell shell, std::span<const Command> commands);

}  // namespace lastbyte::cli
