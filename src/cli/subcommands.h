// All subcommands, each in the file of its name in commands/.
#pragma once

#include "cli/command.h"

namespace lastbyte::cli {

Command proxy_command();
Command check_command();
Command sock_command();
Command heartbeat_command();
Command lab_command();
Command trace_command();
Command doctor_command();
Command import_command();
Command demo_command();
/// `others`: what it completes, beside itself.
Command completion_command(std::vector<Command> others);

/// All of these, in the order of --help.
std::vector<Command> all_commands();

}  // namespace lastbyte::cli
