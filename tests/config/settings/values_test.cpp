// How durations, sizes and the like are read and printed.
#include <gtest/gtest.h>

#include "config/settings/config.h"
#include "config/settings/names.h"
#include "config/settings/numbers.h"

namespace lastbyte::config {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(Durations, have_each_unit) {
  EXPECT_EQ(parse_duration("500ms"), Duration(milliseconds(500)));
  EXPECT_EQ(parse_duration("5s"), Duration(seconds(5)));
  EXPECT_EQ(parse_duration("2m"), Duration(minutes(2)));
  EXPECT_EQ(parse_duration("1h"), Duration(hours(1)));
  EXPECT_EQ(parse_duration("1d"), Duration(hours(24)));
  EXPECT_EQ(parse_duration("0s"), Duration(0));
}

TEST(Durations, wrong_ones_say_what_was_expected) {
  const std::string form = "; expected a duration such as 500ms, 5s, 2m, 1h or 1d";
  EXPECT_EQ(parse_duration("5").error(), "has no unit" + form);
  EXPECT_EQ(parse_duration("").error(), "not a duration" + form);
  EXPECT_EQ(parse_duration("s").error(), "not a duration" + form);
  EXPECT_EQ(parse_duration("-5s").error(), "not a duration" + form);
  EXPECT_EQ(parse_duration(" 5s").error(), "not a duration" + form);
  EXPECT_EQ(parse_duration("1.5s").error(), "not a whole number" + form);
  EXPECT_EQ(parse_duration("99999999999999999999s").error(), "too long" + form);
  EXPECT_EQ(parse_duration("9223372036854775807s").error(), "too long" + form);
  EXPECT_EQ(parse_duration("5sec").error(), "'sec' is not a unit of time; expected ms, s, m, h or d");
  EXPECT_EQ(parse_duration("5S").error(), "'S' is not a unit of time; expected ms, s, m, h or d");
  EXPECT_EQ(parse_duration("5 s").error(), "' s' is not a unit of time; expected ms, s, m, h or d");
}

TEST(Durations, print_in_the_largest_whole_unit) {
  EXPECT_EQ(print_duration(milliseconds(0)), "0s");
  EXPECT_EQ(print_duration(milliseconds(1500)), "1500ms");
  EXPECT_EQ(print_duration(seconds(90)), "90s");
  EXPECT_EQ(print_duration(minutes(2)), "2m");
  EXPECT_EQ(print_duration(hours(24)), "1d");
}

TEST(Durations, of_whole_seconds_refuse_a_fraction) {
  const auto codec = seconds_codec(seconds(1), seconds(60));
  EXPECT_EQ(codec.parse("2000ms"), seconds(2));
  EXPECT_EQ(codec.parse("1500ms").error(), "not a whole number of seconds; expected 1s to 1m");
  EXPECT_EQ(codec.parse("0s").error(), "out of range; expected 1s to 1m");
  EXPECT_EQ(codec.parse("61s").error(), "out of range; expected 1s to 1m");
}

TEST(Sizes, are_powers_of_1024) {
  EXPECT_EQ(parse_size("4096"), 4096U);
  EXPECT_EQ(parse_size("64k"), 65536U);
  EXPECT_EQ(parse_size("64K"), 65536U);
  EXPECT_EQ(parse_size("4M"), 4U << 20U);
  EXPECT_EQ(parse_size("1G"), 1U << 30U);
}

TEST(Sizes, wrong_ones_say_what_was_expected) {
  const std::string form = "; expected a size such as 4096, 64k, 4M or 1G";
  EXPECT_EQ(parse_size("").error(), "not a size" + form);
  EXPECT_EQ(parse_size("-1").error(), "not a size" + form);
  EXPECT_EQ(parse_size("99999999999999999999").error(), "too large" + form);
  EXPECT_EQ(parse_size("18446744073709551615G").error(), "too large" + form);
  EXPECT_EQ(parse_size("4kB").error(), "'kB' is not a unit of size" + form);
  EXPECT_EQ(parse_size("4m").error(), "'m' is not a unit of size" + form);
}

TEST(Counts, keep_to_their_range) {
  const auto codec = count_codec<int>(1, 127);
  EXPECT_EQ(codec.parse("1"), 1);
  EXPECT_EQ(codec.parse("127"), 127);
  for (const auto* wrong : {"0", "128", "-1", "99999999999999999999"}) {
    EXPECT_EQ(codec.parse(wrong).error(), "out of range; expected 1 to 127") << wrong;
  }
  for (const auto* wrong : {"", "-", "+1", "1.0", "0x1", "one", "1 "}) {
    EXPECT_EQ(codec.parse(wrong).error(), "not a whole number; expected 1 to 127") << wrong;
  }
}

TEST(Marks, are_decimal_or_hexadecimal) {
  const auto codec = mark_codec();
  EXPECT_EQ(codec.parse("16"), 16U);
  EXPECT_EQ(codec.parse("0x10"), 16U);
  EXPECT_EQ(codec.parse("0xffffffff"), 0xffffffffU);
  EXPECT_EQ(codec.print(16), "0x10");
  const std::string form = "; expected 0 to 4294967295, or 0x0 to 0xffffffff";
  EXPECT_EQ(codec.parse("4294967296").error(), "out of range" + form);
  EXPECT_EQ(codec.parse("0x").error(), "not a whole number" + form);
  EXPECT_EQ(codec.parse("-1").error(), "not a whole number" + form);
}

TEST(Sources, are_addresses_with_or_without_port) {
  const auto codec = source_codec();
  for (const std::string text : {"10.0.0.1", "10.0.0.1:4000", "::1", "[::1]:4000"}) {
    const auto address = codec.parse(text);
    ASSERT_TRUE(address) << text << ": " << address.error();
    EXPECT_EQ(codec.print(*address), text);
  }
  EXPECT_EQ(codec.print(*codec.parse("[::1]")), "::1");
}

TEST(Sources, wrong_ones_say_what_was_expected) {
  const auto codec = source_codec();
  const std::string form = "; expected a numeric address such as 10.0.0.1, 10.0.0.1:4000, ::1 or [::1]:4000";
  for (const auto* wrong : {"", "host", "10.0.0", "[::1", "[::1]x", "[::1]4", "1:2:3", "10.0.0.1:1:2"}) {
    EXPECT_EQ(codec.parse(wrong).error(), "not an address" + form) << wrong;
  }
  EXPECT_EQ(codec.parse("0.0.0.0").error(), "stands for all addresses" + form);
  EXPECT_EQ(codec.parse("::").error(), "stands for all addresses" + form);
  EXPECT_EQ(codec.parse("10.0.0.1:70000").error(), "the port is '70000'; expected 0 to 65535");
  EXPECT_EQ(codec.parse("[::1]:").error(), "the port is ''; expected 0 to 65535");
}

}  // namespace
}  // namespace lastbyte::config
