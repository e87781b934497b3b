// `lastbyte check` without the rest of the program, for the tests. With `proxy` or `--version` it executes the real
// program, which --self needs.
#include <unistd.h>

#include <cstdio>
#include <string>
#include <vector>

#include "check/check.h"

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (!arguments.empty() && (arguments.front() == "proxy" || arguments.front() == "--version")) {
    ::execv(LASTBYTE_PROGRAM, argv);
    return 127;
  }
  const auto options = lastbyte::check::parse(arguments);
  if (!options) {
    std::fprintf(stderr, "lastbyte check: %s\n", options.error().text().c_str());
    return lastbyte::check::kExitCannot;
  }
  return lastbyte::check::run(*options);
}
