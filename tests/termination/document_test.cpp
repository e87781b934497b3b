// docs/termination.md tells what the machine does now.
#include "tests/termination/document.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace lastbyte::termination::test {
namespace {

TEST(TerminationDocument, is_not_stale) {
  std::ifstream file(LASTBYTE_TERMINATION_MD);
  ASSERT_TRUE(file) << "cannot read " << LASTBYTE_TERMINATION_MD;
  std::ostringstream written;
  written << file.rdbuf();
  // Not EXPECT_EQ: the whole of both would be printed.
  EXPECT_TRUE(written.str() == document())
      << "docs/termination.md is stale. Build the target termination_doc, and from the top of the sources run\n"
         "  BUILD_DIRECTORY/termination_doc > docs/termination.md";
}

}  // namespace
}  // namespace lastbyte::termination::test
