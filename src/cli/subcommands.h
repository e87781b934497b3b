// All subcommands, each in the file of its name: in commands/, or in running/ if it is a client of a running instance.
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
/// --socket, a flag of the four commands above.
Option socket_option();
/// Prints "lastbyte status: why" on stderr and returns kExitUsage.
int not_answered(std::string_view command, const std::string& why);
/// `others`: the commands to complete, besides completion itself.
Command completion_command(std::vector<Command> others);

/// Returns all commands in the order of --help.
std::vector<Command> all_commands();

}  // namespace lastbyte::cli
