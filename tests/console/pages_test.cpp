// All sessions from pages of them.
#include "console/pages.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace lastbyte::console {
namespace {

/// `count` sessions with numbers from `first` on, of `matched` that there are.
SessionsReading page(std::uint64_t first, std::size_t count, std::uint64_t matched, std::string instance = "a run") {
  SessionsReading page{.instance = std::move(instance), .matched = matched};
  for (std::size_t each = 0; each < count; ++each) page.sessions.emplace_back().id = first + each;
  return page;
}

TEST(Pages, each_is_asked_for_after_the_last_session_of_the_one_before) {
  const SessionsRequest request{.filters = "&state=open"};
  EXPECT_EQ(request.page_after(0).target, "/v1/sessions?limit=5000&sort=id&order=asc&after=0&state=open");
  Pages pages;
  ASSERT_TRUE(pages.add(page(1, Pages::kPage, 12'000)));
  EXPECT_FALSE(pages.complete());
  EXPECT_EQ(request.page_after(pages.last()).target, "/v1/sessions?limit=5000&sort=id&order=asc&after=5000&state=open");
  ASSERT_TRUE(pages.add(page(5001, Pages::kPage, 7'000)));
  EXPECT_FALSE(pages.complete());
  ASSERT_TRUE(pages.add(page(10'001, 1'990, 1'990)));
  EXPECT_TRUE(pages.complete());
  const SessionsReading all = pages.take();
  EXPECT_EQ(all.sessions.size(), 11'990U);
  EXPECT_EQ(all.matched, 11'990U) << "ten have ended meanwhile";
  EXPECT_EQ(all.instance, "a run");
}

TEST(Pages, none_and_exactly_a_page_are_complete_when_no_more_can_come) {
  Pages none;
  ASSERT_TRUE(none.add(page(1, 0, 0)));
  EXPECT_TRUE(none.complete());
  Pages one;
  ASSERT_TRUE(one.add(page(1, Pages::kPage, Pages::kPage)));
  EXPECT_FALSE(one.complete()) << "others may have begun";
  ASSERT_TRUE(one.add(page(0, 0, 0)));
  EXPECT_TRUE(one.complete());
  EXPECT_EQ(one.take().sessions.size(), Pages::kPage);
}

TEST(Pages, of_two_runs_of_lastbyte_are_an_error) {
  Pages pages;
  ASSERT_TRUE(pages.add(page(1, Pages::kPage, 6'000)));
  const auto added = pages.add(page(5'001, 1'000, 1'000, "another run"));
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().code, ESTALE);
}

TEST(Pages, are_bounded_and_the_number_of_all_is_known) {
  Pages pages;
  for (std::uint64_t first = 1; !pages.complete(); first += Pages::kPage)
    ASSERT_TRUE(pages.add(page(first, Pages::kPage, 1'000'000 - first + 1)));
  const SessionsReading all = pages.take();
  EXPECT_EQ(all.sessions.size(), Pages::kMost);
  EXPECT_EQ(all.matched, 1'000'000U);
}

}  // namespace
}  // namespace lastbyte::console
