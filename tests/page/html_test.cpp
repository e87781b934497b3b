// Text stays the same in HTML and SVG, and contains no markup of others.
#include "page/html.h"

#include <gtest/gtest.h>

namespace lastbyte::page {
namespace {

TEST(Html, markup_and_columns_of_a_table_cannot_come_from_text) {
  EXPECT_EQ(escaped("<a href=\"x\">1|2 & 3\n4</a>"), "&lt;a href=&quot;x&quot;&gt;1&#124;2 &amp; 3 4&lt;/a&gt;");
}

TEST(Html, colours_go_from_red_to_green_and_grey_is_not_graded) {
  EXPECT_EQ(colour(-1), "#eeeeee");
  EXPECT_EQ(colour(0), "#e68989");
  EXPECT_NE(colour(0.5), colour(1));
}

TEST(Html, a_document_is_whole_and_has_its_title_twice) {
  const std::string page = document("A < B", "p { color: red; }", "<p>text</p>");
  EXPECT_TRUE(page.starts_with("<!doctype html>\n"));
  EXPECT_TRUE(page.ends_with("<p>text</p></body></html>\n"));
  EXPECT_NE(page.find("<title>A &lt; B</title>"), std::string::npos);
  EXPECT_NE(page.find("<h1>A &lt; B</h1>"), std::string::npos);
  EXPECT_NE(page.find("p { color: red; }</style>"), std::string::npos);
}

}  // namespace
}  // namespace lastbyte::page
