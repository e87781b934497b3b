#include "base/text.h"

#include <gtest/gtest.h>

namespace lastbyte {
namespace {

TEST(Text, a_number_of_things_has_its_noun) {
  EXPECT_EQ(counted(0, "session"), "0 sessions");
  EXPECT_EQ(counted(1, "session"), "1 session");
  EXPECT_EQ(counted(12, "byte"), "12 bytes");
}

}  // namespace
}  // namespace lastbyte
