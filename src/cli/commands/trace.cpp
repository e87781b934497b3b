// `lastbyte trace`: prints every reset of the host as it happens.
#include "cli/subcommands.h"
#include "trace/options.h"
#include "trace/run.h"

namespace lastbyte::cli {

Command trace_command() {
  return {.name = "trace",
          .summary = "Report every TCP reset of this host as it happens: which end sent it, why, and what was lost.",
          .usage = "trace [OPTIONS]",
          .notes =
              "Exit status: 0 at the end of the run, 1 if the output breaks off, 2 if the command line is wrong or "
              "nothing can be watched here.\n"
              "Example: lastbyte trace --direction sent --port 80,443",
          .options = options_of(trace::flags()),
          .run = [](const Arguments& arguments) {
            const auto options = trace::parse(arguments.all());
            return options ? trace::run(*options) : usage_error("trace", options.error().text());
          }};
}

}  // namespace lastbyte::cli
