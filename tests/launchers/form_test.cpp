// Command lines and configurations with placeholders.
#include "launchers/form.h"

#include <gtest/gtest.h>

namespace lastbyte::launchers {
namespace {

TEST(Command, is_split_like_a_shell_does) {
  EXPECT_EQ(*split_words("a  'b c' \"d \\\" e\" f\\ g ''"),
            (std::vector<std::string>{"a", "b c", "d \" e", "f g", ""}));
  EXPECT_FALSE(split_words("a 'b"));
}

TEST(Command, placeholders_are_filled_in_wherever_they_stand) {
  EXPECT_EQ(fill_in("{a}{b} {a}", {{"a", "1"}, {"b", "2"}}), "12 1");
  EXPECT_EQ(fill_in("{c}", {{"a", "1"}}), "{c}");
}

}  // namespace
}  // namespace lastbyte::launchers
