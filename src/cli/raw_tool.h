// Runs subcommands that read their own arguments: help, a parse with one clear error, a run.
#pragma once

#include <cstdio>
#include <span>
#include <string>

#include "cli/command.h"

namespace lastbyte::cli {

/// `parse` returns a Result with the options. `wants_help` says whether they ask for help.
template <typename Parse, typename WantsHelp, typename Run, typename Usage>
int run_tool(std::string_view name, std::span<const std::string> arguments, Parse parse, WantsHelp wants_help, Run run,
             Usage usage) {
  const auto options = parse(arguments);
  if (!options) return usage_error(name, options.error().text());
  if (!wants_help(*options)) return run(*options);
  std::fputs(usage().c_str(), stdout);
  return kExitOk;
}

}  // namespace lastbyte::cli
