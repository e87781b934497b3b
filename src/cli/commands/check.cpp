// `lastbyte check`: grades how a proxy or server ends its connections.
#include "check/check.h"

#include "cli/raw_tool.h"
#include "cli/subcommands.h"

namespace lastbyte::cli {

namespace {

std::vector<Option> check_options() {
  std::vector<Option> all;
  for (check::FlagHelp& flag : check::flags_with_help())
    all.push_back({.flag = std::move(flag.name),
                   .placeholder = std::move(flag.placeholder),
                   .help = std::move(flag.help),
                   .group = ""});
  return all;
}

}  // namespace

Command check_command() {
  return {.name = "check",
          .summary = "Grade how a TCP proxy or server ends its connections, this one or any other.",
          .usage = "check --self | --command COMMAND ... | --proxy HOST:PORT --upstream-listen HOST:PORT | --peers",
          .notes = "",
          .options = check_options(),
          .run = {},
          .run_raw = [](std::span<const std::string> arguments) {
            return run_tool(
                "check", arguments, check::parse,
                [](const check::Options& options) { return options.mode == check::Mode::help; }, check::run,
                check::usage);
          }};
}

}  // namespace lastbyte::cli
