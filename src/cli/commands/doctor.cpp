// `lastbyte doctor`: reports what is dangerous on this host.
#include "cli/subcommands.h"
#include "doctor/options.h"
#include "doctor/run.h"

namespace lastbyte::cli {

Command doctor_command() {
  return {.name = "doctor",
          .summary = "Report what on this host is dangerous to TCP connections, and the command that mends it.",
          .usage = "doctor [OPTIONS]",
          .notes =
              "Exit status: 0 if there is nothing above a note, 1 for a warning, 3 for a critical finding, 2 if the "
              "command line is wrong or nothing can be examined.\n"
              "Example: lastbyte doctor --pid 4711",
          .options = options_of(doctor::flags()),
          .run = [](const Arguments& arguments) {
            const auto options = doctor::parse(arguments.all());
            return options ? doctor::run(*options) : usage_error("doctor", options.error().text());
          }};
}

}  // namespace lastbyte::cli
