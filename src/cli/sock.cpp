// `lastbyte sock`: the socket tool.
#include "sock/sock.h"

#include "cli/raw_tool.h"
#include "cli/subcommands.h"

namespace lastbyte::cli {

Command sock_command() {
  return {.name = "sock",
          .summary = "Be one end of a connection, with every knob in reach: a client or server like sock and nc.",
          .usage = "sock [OPTIONS] HOST PORT",
          .notes = "",
          .options = {},
          .run = {},
          .run_raw = [](std::span<const std::string> arguments) {
            return run_tool(
                "sock", arguments, sock::parse, [](const sock::Options& options) { return options.help; },
                [](const sock::Options& options) { return sock::run(options); }, sock::usage);
          }};
}

}  // namespace lastbyte::cli
