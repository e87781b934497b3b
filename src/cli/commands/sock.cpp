// `lastbyte sock`: the socket tool.
#include "sock/command/sock.h"

#include "cli/raw_tool.h"
#include "cli/subcommands.h"
#include "sock/command/option_table.h"

namespace lastbyte::cli {

namespace {

std::vector<Option> sock_options() {
  std::vector<Option> all;
  for (const sock::OptionRow& row : sock::option_table())
    all.push_back({.flag = row.name,
                   .placeholder = row.takes == sock::Takes::nothing ? "" : row.placeholder,
                   .help = row.help,
                   .group = std::string(sock::heading(row.group)),
                   .letter = row.letter,
                   .value_needed = row.takes == sock::Takes::value});
  return all;
}

}  // namespace

Command sock_command() {
  return {.name = "sock",
          .summary = "Be one end of a connection, with all socket options: a client or server like sock and nc.",
          .usage = "sock [OPTIONS] HOST PORT",
          .notes = "",
          .options = sock_options(),
          .run = {},
          .run_raw = [](std::span<const std::string> arguments) {
            return run_tool(
                "sock", arguments, sock::parse, [](const sock::Options& options) { return options.help; },
                [](const sock::Options& options) { return sock::run(options); }, sock::usage);
          }};
}

}  // namespace lastbyte::cli
