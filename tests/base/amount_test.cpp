#include "base/amount.h"

#include <gtest/gtest.h>

namespace lastbyte {
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

TEST(Durations, may_be_bare_seconds_and_fractions_where_allowed) {
  const DurationForms loose{.bare_seconds = true, .fractions = true};
  EXPECT_EQ(parse_duration("2", loose), Duration(seconds(2)));
  EXPECT_EQ(parse_duration("0.25", loose), Duration(250));
  EXPECT_EQ(parse_duration(".5s", loose), Duration(500));
  EXPECT_EQ(parse_duration("5.", loose), Duration(seconds(5)));
  EXPECT_EQ(parse_duration("1.5d", loose), Duration(hours(36)));
  EXPECT_EQ(parse_duration("0.1ms", loose), Duration(1));
  EXPECT_EQ(parse_duration("0.00000000000000000001s", loose), Duration(1));
  EXPECT_EQ(parse_duration("0.99999999999999999999d", loose), Duration(hours(24)));
  EXPECT_EQ(parse_duration(".", loose).error(),
            "not a duration; expected a duration such as 2, 0.5, 250ms, 2s, 1m, 1h or 1d");
  EXPECT_FALSE(parse_duration("9223372036854775807.5ms", loose));
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

TEST(Sizes, may_have_any_case_where_allowed) {
  EXPECT_EQ(parse_size("4m", {.any_case = true}), 4U << 20U);
  EXPECT_EQ(parse_size("1g", {.any_case = true}), 1U << 30U);
}

}  // namespace
}  // namespace lastbyte
