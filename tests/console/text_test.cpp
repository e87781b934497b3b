// Tests text in the cells of a terminal.
#include "console/text.h"

#include <gtest/gtest.h>

namespace lastbyte::console {
namespace {

TEST(Text, what_could_move_a_cursor_is_a_question_mark) {
  EXPECT_EQ(shown("web"), "web");
  EXPECT_EQ(shown("a\x1b[2Jb\n\t\x7f"), "a?[2Jb???");
  EXPECT_EQ(shown("\xc2\x9b"
                  "31m"),
            "?31m");  // CSI of 8-bit terminals
  EXPECT_EQ(shown("\xff\xfe"), "??");
  EXPECT_EQ(shown("\xe2\x82"), "??");       // an incomplete character
  EXPECT_EQ(shown("\xed\xa0\x80"), "???");  // a surrogate
  EXPECT_EQ(shown("\xcc\x81"
                  "e"),
            "?e");  // a combining mark without a character before it
}

TEST(Text, a_terminal_without_utf8_gets_ascii) {
  EXPECT_EQ(shown("schön", Charset::utf8), "schön");
  EXPECT_EQ(shown("schön", Charset::ascii), "sch?n");
}

TEST(Text, wide_characters_take_two_columns_and_marks_none) {
  EXPECT_EQ(columns_of("schön"), 5U);
  EXPECT_EQ(columns_of("転送"), 4U);
  EXPECT_EQ(columns_of("e\xcc\x81"), 1U);
  EXPECT_EQ(fitted("転送", 6), "転送  ");
  EXPECT_EQ(fitted("転送", 6, Align::right), "  転送");
  EXPECT_EQ(fitted("転送", 3), "転~");
  EXPECT_EQ(fitted("転送転", 4), "転~ ");  // the second half of the character does not fit
  EXPECT_EQ(clipped("転送", 3), "転");
}

TEST(Text, what_is_too_long_is_marked) {
  EXPECT_EQ(fitted("forwarding", 10), "forwarding");
  EXPECT_EQ(fitted("forwarding", 5), "forw~");
  EXPECT_EQ(fitted("forwarding", 1), "~");
  EXPECT_EQ(fitted("forwarding", 0), "");
  EXPECT_EQ(clipped("forwarding", 5), "forwa");
}

TEST(Text, times_and_sizes_take_five_columns_at_most) {
  EXPECT_EQ(span(250), "250us");
  EXPECT_EQ(span(-5), "0us");
  EXPECT_EQ(span(999'700), "1.0s");
  EXPECT_EQ(span(119'940'000), "119.9s");
  EXPECT_EQ(span(120'000'000), "2m");
  EXPECT_EQ(span(std::int64_t{7200} * 1'000'000), "2h");
  EXPECT_EQ(bytes(0), "0");
  EXPECT_EQ(bytes(1023), "1023");
  EXPECT_EQ(bytes(1024), "1.0k");
  EXPECT_EQ(bytes(10.0 * 1024), "10k");
  EXPECT_EQ(bytes(1.8e19), "16E");
  for (double value = 0.1; value < 1e19; value *= 1.07) EXPECT_LE(bytes(value).size(), 5U) << value;
}

}  // namespace
}  // namespace lastbyte::console
