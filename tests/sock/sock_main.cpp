// The room as a program, for use by hand and for tests that need a process.
#include <cstdio>
#include <string>
#include <vector>

#include "sock/command/sock.h"

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const auto options = lastbyte::sock::parse(arguments);
  if (!options) {
    std::fprintf(stderr, "lastbyte sock: %s\n", options.error().text().c_str());
    return lastbyte::sock::kExitUsage;
  }
  return lastbyte::sock::run(*options);
}
