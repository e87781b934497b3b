// All subcommands, each in the file of its name in commands/ or, a client of a running instance, in running/.
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
Command status_command();
Command sessions_command();
Command top_command();
Command ctl_command();
/// --socket, which the four before this have.
Option socket_option();
/// "lastbyte status: why" on stderr; the result is kExitUsage.
int not_answered(std::string_view command, const std::string& why);
/// `others`: what it completes, beside itself.
Command completion_command(std::vector<Command> others);

/// All of these, in the order of --help.
std::vector<Command> all_commands();

}  // namespace lastbyte::cli
