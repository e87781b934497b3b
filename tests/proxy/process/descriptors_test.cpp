#include "proxy/process/descriptors.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <sys/resource.h>

namespace lastbyte::proxy {
namespace {

TEST(Descriptors, each_session_needs_two_and_each_worker_its_pipes) {
  const DescriptorBase base{.workers = 2, .listening_sockets = 4};
  EXPECT_EQ(descriptors_needed(0, base), 2 * 512U + 4 + 64);
  EXPECT_EQ(descriptors_needed(1000, base), 2 * 1000U + 2 * 512 + 4 + 64);
}

TEST(Descriptors, network_namespaces_have_theirs) {
  const DescriptorBase base{.workers = 1, .listening_sockets = 1, .namespaces = 33};
  EXPECT_EQ(descriptors_needed(10, base), descriptors_needed(10, {.workers = 1, .listening_sockets = 1}) + 33);
  const DescriptorBase passing{.workers = 1, .listening_sockets = 1, .in_passing = 253};
  EXPECT_EQ(descriptors_needed(10, passing), descriptors_needed(10, {.workers = 1, .listening_sockets = 1}) + 253);
}

TEST(Descriptors, without_a_wish_sessions_are_as_many_as_the_limit_allows) {
  const DescriptorBase base{.workers = 1, .listening_sockets = 1};
  const auto most = choose_max_sessions(std::nullopt, 20000, base);
  ASSERT_TRUE(most);
  EXPECT_EQ(*most, (20000U - 512 - 1 - 64) / 2);
}

TEST(Descriptors, a_wish_beyond_the_limit_is_an_error_with_both_numbers) {
  const auto error = choose_max_sessions(1000, 1024, {.workers = 1, .listening_sockets = 1});
  ASSERT_FALSE(error);
  const std::string text = error.error().text();
  EXPECT_NE(text.find("max-sessions 1000 needs 2577 file descriptors, but the limit is 1024"), std::string::npos)
      << text;
  EXPECT_NE(text.find("LimitNOFILE"), std::string::npos) << text;
}

TEST(Descriptors, a_limit_too_low_for_one_session_is_an_error_with_both_numbers) {
  const auto error = choose_max_sessions(std::nullopt, 1024, {.workers = 2, .listening_sockets = 2});
  ASSERT_FALSE(error);
  EXPECT_NE(error.error().text().find(
                "2 workers with 2 listening sockets need 1092 file descriptors for one session, but the limit is 1024"),
            std::string::npos)
      << error.error().text();
}

// The chosen number fits, and one more session would not.
RC_GTEST_PROP(Descriptors, what_is_chosen_is_the_most_that_fits, (std::uint16_t spare, std::uint8_t workers)) {
  const DescriptorBase base{.workers = workers + 1U, .listening_sockets = workers};
  const std::uint64_t limit = descriptors_needed(1, base) + spare;
  const auto most = choose_max_sessions(std::nullopt, limit, base);
  RC_ASSERT(most.has_value());
  RC_ASSERT(descriptors_needed(*most, base) <= limit);
  RC_ASSERT(descriptors_needed(*most + 1U, base) > limit);
  RC_ASSERT(choose_max_sessions(*most, limit, base).has_value());
  RC_ASSERT(!choose_max_sessions(*most + 1U, limit, base).has_value());
}

TEST(Descriptors, the_soft_limit_is_raised_to_the_hard_one) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit low = before;
  low.rlim_cur = 64;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
  const auto raised = raise_descriptor_limit();
  ASSERT_TRUE(raised) << raised.error().text();
  rlimit after{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &after), 0);
  EXPECT_EQ(after.rlim_cur, before.rlim_max);
  EXPECT_EQ(*raised, before.rlim_max);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
}

}  // namespace
}  // namespace lastbyte::proxy
