// All subcommands, each in the file of its name.
#pragma once

#include "cli/command.h"

namespace lastbyte::cli {

Command proxy_command();
Command check_command();
Command sock_command();
Command import_command();
Command demo_command();

}  // namespace lastbyte::cli
