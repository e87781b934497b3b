#include "base/text.h"

#include <gtest/gtest.h>

namespace lastbyte {
namespace {

TEST(Text, a_number_of_things_has_its_noun) {
  EXPECT_EQ(counted(0, "session"), "0 sessions");
  EXPECT_EQ(counted(1, "session"), "1 session");
  EXPECT_EQ(counted(12, "byte"), "12 bytes");
}

TEST(Text, given_by_a_user_is_quoted_on_one_line) {
  EXPECT_EQ(in_quotes("web"), "'web'");
  EXPECT_EQ(in_quotes("a\nb\x7f"), "'a?b?'");
  EXPECT_EQ(in_quotes(std::string(121, 'x')), "'" + std::string(120, 'x') + "...'");
}

TEST(Text, is_broken_at_spaces_and_indented_from_the_second_line_on) {
  EXPECT_EQ(wrap("one two three", 80), "one two three");
  EXPECT_EQ(wrap("one two three", 7), "one two\nthree");
  EXPECT_EQ(wrap("one two three", 7, 2), "one two\n  three");
  EXPECT_EQ(wrap("a " + std::string(9, 'x') + " b", 4), "a\n" + std::string(9, 'x') + "\nb") << "a long word stands";
  EXPECT_EQ(wrap("", 4), "");
}

}  // namespace
}  // namespace lastbyte
