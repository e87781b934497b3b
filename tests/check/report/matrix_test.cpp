// The matrix of scenarios and proxies as text, Markdown and HTML.
#include <gtest/gtest.h>

#include <algorithm>

#include "check/report/report.h"

namespace lastbyte::check {
namespace {

Outcome outcome(const char* name, Verdict verdict, std::uint32_t rounds = 1, std::uint32_t passed = 1) {
  Outcome out{.scenario = find_scenario(name), .verdict = verdict, .rounds = rounds, .passed = passed};
  if (verdict == Verdict::fail) out.reason = std::string(name) + " is <broken> | \"badly\"\nindeed";
  return out;
}

Outcome in(const char* variant, Outcome out) {
  out.variant = find_variant(variant);
  return out;
}

std::vector<Report> reports() {
  Report good{.target = "good", .version = "1 & 2", .when = "2026-01-02T03:04:05Z", .kernel = "Linux 6"};
  good.outcomes = {outcome("half-close-client", Verdict::pass),
                   outcome("pipelined-rq12", Verdict::pass, 20, 20),
                   outcome("idle", Verdict::skip),
                   outcome("graceful-stop", Verdict::skip),
                   in("unix", outcome("half-close-client", Verdict::skip)),
                   in("unix", outcome("full-duplex", Verdict::skip)),
                   in("proxy-v1", outcome("half-close-client", Verdict::skip))};
  Report bad = good;
  bad.target = "bad";
  bad.version.clear();
  bad.outcomes = {outcome("half-close-client", Verdict::fail, 1, 0),
                  outcome("pipelined-rq12", Verdict::fail, 20, 12),
                  outcome("idle", Verdict::skip),
                  outcome("graceful-stop", Verdict::pass),
                  in("unix", outcome("half-close-client", Verdict::fail, 1, 0)),
                  in("unix", outcome("full-duplex", Verdict::pass)),
                  in("proxy-v1", outcome("half-close-client", Verdict::skip))};
  return {good, bad};
}

std::size_t times(const std::string& text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++count;
  return count;
}

TEST(Matrix, as_text_has_a_row_for_each_scenario_that_somebody_played) {
  EXPECT_EQ(matrix_text(reports()),
            "                        good    bad     \n"
            "T2   half-close-client  pass    FAIL    \n"
            "T5   pipelined-rq12     pass    12/20   \n"
            "T15  graceful-stop      -       pass    \n"
            "     passed             2/2     1/3     \n"
            "     @unix              -       1/2     \n");
}

TEST(Matrix, of_nobody_is_empty) {
  EXPECT_EQ(times(matrix_text({}), "T2"), 0U);
  EXPECT_NE(matrix_markdown({}).find("# How proxies end connections"), std::string::npos);
  EXPECT_NE(matrix_html({}).find("</html>"), std::string::npos);
}

TEST(Matrix, as_markdown_tells_versions_verdicts_and_what_went_wrong) {
  const std::string page = matrix_markdown(reports());
  for (const char* part : {"on 2026-01-02, Linux 6", "| good | 1 &amp; 2 | 2/2 | - |\n| bad |  | 1/3 | 1/2 |\n",
                           "| T2 | [half-close-client](check.md#half-close-client) | pass | **FAIL** |\n",
                           "| T5 | [pipelined-rq12](check.md#pipelined-rq12) | pass | **12/20** |\n",
                           "| T15 | [graceful-stop](check.md#graceful-stop) | - | pass |\n",
                           "| unix | UNIX sockets on both sides | - | **1/2** |\n", "### good\n\nNothing.\n",
                           "- half-close-client: half-close-client is &lt;broken&gt; &#124; &quot;badly&quot; indeed\n",
                           "- @unix: half-close-client\n"})
    EXPECT_NE(page.find(part), std::string::npos) << part << "\nin:\n" << page;
  EXPECT_EQ(page.find("idle"), std::string::npos);      // no proxy played it
  EXPECT_EQ(page.find("proxy-v1"), std::string::npos);  // no proxy played it
  // Every row of a table has as many cells as its header.
  std::size_t begin = 0;
  while (begin < page.size()) {
    const std::size_t end = page.find('\n', begin);
    const std::string line = page.substr(begin, end - begin);
    if (line.starts_with("|")) {
      EXPECT_EQ(times(line, "|"), 5U) << line;
    }
    begin = end + 1;
  }
}

TEST(Matrix, as_html_is_self_contained_and_coloured) {
  const std::string page = matrix_html(reports());
  for (const char* outside : {"http:", "https:", "src=", "<link", "@import", "<script"})
    EXPECT_EQ(page.find(outside), std::string::npos) << outside;
  for (const char* tag :
       {"table", "thead", "tbody", "tr", "td", "th", "p", "ul", "li", "small", "style", "body", "div"})
    EXPECT_EQ(times(page, "<" + std::string(tag) + ">") + times(page, "<" + std::string(tag) + " "),
              times(page, "</" + std::string(tag) + ">"))
        << tag;
  EXPECT_EQ(times(page, "<tr"), 1U + 3U + 1U + 1U);
  // Cells that are green, red, in between, and not graded.
  EXPECT_NE(page.find("#a2eba2\" title=\"\">pass<"), std::string::npos) << page;
  EXPECT_NE(page.find("#e68989\" title=\"half-close-client is &lt;broken&gt; &#124; &quot;badly&quot; indeed\">FAIL<"),
            std::string::npos)
      << page;
  EXPECT_NE(page.find("#d3e689"), std::string::npos);
  EXPECT_NE(page.find("#eeeeee"), std::string::npos);
  EXPECT_NE(page.find("title=\"half-close-client\">1/2<"), std::string::npos) << page;
  EXPECT_NE(page.find("<li>good (1 &amp; 2)</li>"), std::string::npos);
}

TEST(Matrix, many_rounds_of_which_none_failed_but_one_are_not_green) {
  auto all = reports();
  all[1].outcomes[1] = outcome("pipelined-rq12", Verdict::fail, 1000, 999);
  EXPECT_EQ(matrix_html(all).find("#89e689"), std::string::npos);
  EXPECT_NE(matrix_html(all).find("#8be689"), std::string::npos);
}

TEST(Matrix, as_a_picture_needs_nothing_around_it) {
  const std::string picture = matrix_svg(reports());
  EXPECT_TRUE(picture.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\""));
  EXPECT_TRUE(picture.ends_with("</svg>\n"));
  for (const char* outside : {"https:", "href", "<style", "<script", "hsl("})
    EXPECT_EQ(picture.find(outside), std::string::npos) << outside;
  for (const char* tag : {"svg", "g", "text", "title"})
    EXPECT_EQ(times(picture, "<" + std::string(tag) + ">") + times(picture, "<" + std::string(tag) + " "),
              times(picture, "</" + std::string(tag) + ">"))
        << tag;
  // Two sums, three scenarios and one variant, for two proxies.
  EXPECT_EQ(times(picture, "<g>"), 2U * (2 + 3 + 1));
  for (const char* part :
       {">good<", ">bad<", ">half-close-client<", ">@unix<", ">12/20<", ">1/3<", "#a2eba2", "#e68989",
        "<title>half-close-client is &lt;broken&gt; &#124; &quot;badly&quot; indeed</title>"})
    EXPECT_NE(picture.find(part), std::string::npos) << part;
}

TEST(Matrix, as_markdown_begins_with_the_sums_and_shows_the_picture) {
  const std::string page = matrix_markdown(reports(), "a/heat.svg");
  const auto sums = page.find("| good | 1 &amp; 2 | 2/2 | - |");
  const auto picture = page.find("![scenario by proxy, green where every round passed](a/heat.svg)");
  EXPECT_LT(sums, picture);
  EXPECT_LT(picture, page.find("| T2 |"));
  EXPECT_EQ(matrix_markdown(reports()).find("!["), std::string::npos);
}

}  // namespace
}  // namespace lastbyte::check
