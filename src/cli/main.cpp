#include "cli/subcommands.h"

int main(int argc, char** argv) {
  using namespace lastbyte::cli;
  return dispatch({proxy_command(), check_command(), sock_command(), import_command(), demo_command()}, argc, argv);
}
