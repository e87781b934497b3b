// Which sessions have a record: by how they ended and by their number alone.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "relay/context/shared.h"

namespace lastbyte::relay {
namespace {

using Sessions = RecordFilter::Sessions;

TEST(RecordFilter, failures_leaves_out_sessions_that_ended_as_complete_and_none_leaves_out_all) {
  RecordFilter filter;
  for (std::size_t each = 0; each < kEndingWords.size(); ++each) {
    const auto ending = static_cast<Ending>(each);
    filter.set(Sessions::all, 1);
    EXPECT_TRUE(filter.wants(ending, 1)) << name(ending);
    filter.set(Sessions::failures, 1);
    EXPECT_EQ(filter.wants(ending, 1), ending != Ending::complete) << name(ending);
    filter.set(Sessions::none, 1);
    EXPECT_FALSE(filter.wants(ending, 1)) << name(ending);
  }
}

std::set<std::uint64_t> sampled(double share, std::uint64_t sessions) {
  RecordFilter filter;
  filter.set(Sessions::all, share);
  std::set<std::uint64_t> chosen;
  for (std::uint64_t id = 1; id <= sessions; ++id)
    if (filter.wants(Ending::complete, id)) chosen.insert(id);
  return chosen;
}

TEST(RecordFilter, a_sample_has_its_share_of_the_complete_sessions_however_their_numbers_are_spread) {
  constexpr std::uint64_t kSessions = 100'000;
  for (const double share : {0.01, 0.1, 0.5, 0.9}) {
    const auto chosen = sampled(share, kSessions);
    // Six standard deviations of a fair choice: 0.00950 at most.
    EXPECT_NEAR(static_cast<double>(chosen.size()) / kSessions, share, 0.0095) << share;
    std::size_t even = 0;
    for (const std::uint64_t id : chosen) even += id % 2 == 0 ? 1U : 0U;
    EXPECT_NEAR(static_cast<double>(even) / static_cast<double>(chosen.size()), 0.5, 0.1) << share;
  }
  EXPECT_EQ(sampled(1, kSessions).size(), kSessions);
  EXPECT_TRUE(sampled(0, kSessions).empty());
}

TEST(RecordFilter, a_smaller_sample_is_part_of_a_larger_one_and_is_the_same_each_time) {
  const auto some = sampled(0.2, 10'000);
  EXPECT_EQ(some, sampled(0.2, 10'000));
  const auto more = sampled(0.3, 10'000);
  EXPECT_TRUE(std::ranges::includes(more, some));
}

TEST(RecordFilter, sessions_that_go_on_have_records_where_all_are_to_and_the_sample_has_them) {
  RecordFilter filter;
  filter.set_progress(true, Duration(1000));
  for (const Sessions sessions : {Sessions::failures, Sessions::none}) {
    filter.set(sessions, 1);
    EXPECT_FALSE(filter.wants_beginning(1)) << "whether it will fail is not known";
    EXPECT_FALSE(filter.wants_progress(1));
  }
  filter.set(Sessions::all, 0.5);
  for (std::uint64_t id = 1; id <= 100; ++id) {
    EXPECT_EQ(filter.wants_beginning(id), filter.wants(Ending::complete, id)) << id;
    EXPECT_EQ(filter.wants_progress(id), filter.wants(Ending::complete, id)) << id;
  }
  filter.set_progress(false, Duration(1000));
  filter.set(Sessions::all, 1);
  EXPECT_FALSE(filter.wants_beginning(1));
}

TEST(RecordFilter, a_sample_never_leaves_out_a_failure) {
  RecordFilter filter;
  for (const double share : {0.0, 0.01}) {
    filter.set(Sessions::all, share);
    for (std::uint64_t id = 1; id <= 1000; ++id) EXPECT_TRUE(filter.wants(Ending::reset_by_upstream, id));
  }
}

}  // namespace
}  // namespace lastbyte::relay
