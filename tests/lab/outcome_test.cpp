// Tests what counts as agreement.
#include "lab/terms/outcome.h"

#include <gtest/gtest.h>

#include <vector>

#include "lab/lab.h"

namespace lastbyte::lab {
namespace {

constexpr Expectation kTable[] = {{"a", "1", {}, {}}, {"b", "2", "3", "because"}};

TEST(Compare, a_row_is_same_where_the_words_are) {
  const auto rows = compare(kTable, Medium::loopback, {{"a", {"1"}}, {"b", {"3"}}});
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].verdict, Verdict::same);
  EXPECT_EQ(rows[1].verdict, Verdict::differs);
  EXPECT_EQ(compare(kTable, Medium::veth, {{"b", {"3"}}})[1].verdict, Verdict::same);
}

TEST(Compare, not_observed_is_never_agreement) {
  const auto rows = compare(kTable, Medium::loopback, {{"a", {std::nullopt, "no privilege"}}});
  EXPECT_EQ(rows[0].verdict, Verdict::not_observed);
  EXPECT_EQ(rows[0].seen, "no privilege");
  EXPECT_EQ(rows[1].verdict, Verdict::not_observed);
}

TEST(Compare, a_row_that_the_table_does_not_have_differs) {
  const auto rows = compare(kTable, Medium::loopback, {{"c", {"1"}}});
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[2].name, "c");
  EXPECT_EQ(rows[2].verdict, Verdict::differs);
}

TEST(Outcomes, of_which_nothing_was_observed_agree_with_nothing) {
  const Outcome outcome{.rows = compare(kTable, Medium::loopback, {{"a", {std::nullopt, "no privilege"}}})};
  EXPECT_EQ(outcome.count(Verdict::differs), 0U);
  EXPECT_FALSE(outcome.observed());
  EXPECT_FALSE(outcome.agrees());
}

TEST(ExitStatus, is_that_of_what_was_observed) {
  const Outcome dark{.rows = compare(kTable, Medium::loopback, {})};
  const Outcome same{.rows = compare(kTable, Medium::loopback, {{"a", {"1"}}})};
  const Outcome differs{.rows = compare(kTable, Medium::loopback, {{"a", {"2"}}})};
  const Outcome not_played{.not_played = "there is none"};
  EXPECT_EQ(status_of(std::vector{dark}), kExitCannot);
  EXPECT_EQ(status_of(std::vector{not_played}), kExitCannot);
  EXPECT_EQ(status_of(std::vector{dark, not_played, Outcome{.trouble = "no namespaces"}}), kExitCannot);
  EXPECT_EQ(status_of(std::vector{dark, same, not_played}), kExitAgrees);
  EXPECT_EQ(status_of(std::vector{dark, same, differs}), kExitDiffers);
}

TEST(Outcomes, agree_without_a_difference_and_without_trouble) {
  Outcome outcome{.rows = compare(kTable, Medium::loopback, {{"a", {"1"}}})};
  EXPECT_TRUE(outcome.agrees());
  outcome.trouble = "no namespaces";
  EXPECT_FALSE(outcome.agrees());
  outcome = {.rows = compare(kTable, Medium::loopback, {{"a", {"2"}}})};
  EXPECT_FALSE(outcome.agrees());
}

}  // namespace
}  // namespace lastbyte::lab
