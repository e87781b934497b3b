// A picture of shares and their intervals.
#include "page/intervals.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace lastbyte::page {
namespace {

TEST(Intervals, a_picture_has_each_row_with_its_numbers_and_each_guide) {
  const std::array rows{Interval{"<direct>", 0.024, 0.021, 0.027}, Interval{"best", 0, 0, 0.0004}};
  const std::array guides{Guide{0.032, "claimed"}};
  const std::string picture = svg(rows, guides);
  EXPECT_TRUE(picture.starts_with("<svg")) << picture;
  EXPECT_TRUE(picture.ends_with("</svg>\n"));
  for (const char* each : {"&lt;direct&gt;", "2.4 % (2.1 % to 2.7 %)", "0 % (0 % to 0.04 %)", "claimed"})
    EXPECT_NE(picture.find(each), std::string::npos) << each;
}

/// The axis is 480 wide, begins at 240, and ends 5 % beyond the largest value.
TEST(Intervals, lie_on_the_axis_where_their_share_is) {
  const std::array rows{Interval{"x", 0.5, 0.25, 1}};
  const std::string picture = svg(rows, {});
  EXPECT_NE(picture.find("<circle cx=\"468.6\""), std::string::npos) << picture;  // 240 + 480 * 0.5 / 1.05
  EXPECT_NE(picture.find("<line x1=\"354.3\" y1=\"35.0\" x2=\"697.1\" y2=\"35.0\""), std::string::npos) << picture;
}

TEST(Intervals, nothing_at_all_is_a_picture_too) {
  EXPECT_NE(svg({}, {}).find("</svg>"), std::string::npos);
  EXPECT_EQ(svg(std::array{Interval{"none", 0, 0, 0}}, {}).find("nan"), std::string::npos);
}

TEST(Percent, has_three_digits_at_most) {
  EXPECT_EQ(percent(0.032), "3.2 %");
  EXPECT_EQ(percent(0.0005), "0.05 %");
  EXPECT_EQ(percent(0.0236789), "2.37 %");
  EXPECT_EQ(percent(0), "0 %");
  EXPECT_EQ(percent(1), "100 %");
}

}  // namespace
}  // namespace lastbyte::page
