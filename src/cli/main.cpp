#include "cli/subcommands.h"

int main(int argc, char** argv) {
  using namespace lastbyte::cli;
  return dispatch({proxy_command(), demo_command()}, argc, argv);
}
