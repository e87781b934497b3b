#include <fcntl.h>

#include "cli/subcommands.h"

namespace {

/// Where the parent has closed one of these, the first socket would take its number, and messages would go into it.
void keep_standard_descriptors() {
  for (const int standard : {0, 1, 2}) {
    if (::fcntl(standard, F_GETFD) < 0) ::open("/dev/null", O_RDWR);  // the lowest number that is free: this one
  }
}

}  // namespace

int main(int argc, char** argv) {
  using namespace lastbyte::cli;
  keep_standard_descriptors();
  return dispatch(all_commands(), argc, argv);
}
