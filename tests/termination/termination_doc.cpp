// Prints docs/termination.md.
#include <cstdio>

#include "tests/termination/document.h"

int main() {
  const std::string text = lastbyte::termination::test::document();
  return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() ? 0 : 1;
}
