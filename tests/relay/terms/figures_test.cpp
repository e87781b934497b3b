// What a forwarding's figures take from the record of a session that has ended.
#include "relay/terms/figures.h"

#include <gtest/gtest.h>

#include <set>

namespace lastbyte::relay {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using termination::End;
using termination::Which;

net::Address upstream(std::uint16_t port) { return *net::Address::parse("10.0.0.1", port); }

std::uint64_t sum(std::span<const Cell> cells) {
  std::uint64_t sum = 0;
  for (const Cell& each : cells) sum += each.get();
  return sum;
}

std::uint64_t ended(const Figures::Member& member, Ending ending) {
  return member.ended[static_cast<std::size_t>(ending)].get();
}

Record complete(std::uint16_t port) {
  Record record;
  record.duration = milliseconds(30);
  record.sides[1].address = upstream(port);
  record.stream().verdict.complete = true;
  return record;
}

/// The client sent 100 bytes of which 40 were lost, the upstream 30 that were rescued; then the upstream reset.
Record reset() {
  Record record = complete(80);
  record.stream().verdict = {
      .ends = {End::passed_on, End::reset}, .first = termination::First::reset, .first_side = Which::upstream};
  record.stream().flows[0] = {.received = 100, .delivered = 60, .undelivered = 40, .discarded = 10};
  record.stream().flows[1] = {.received = 30, .delivered = 30, .rescued = 30};
  record.stream().retries = 2;
  record.stream().connect_duration = microseconds(2500);
  record.stream().first_byte_duration = milliseconds(31'000);
  return record;
}

TEST(Figures, a_record_is_counted_once_in_each_family) {
  Figures figures;
  figures.ended(reset());
  const Figures::Member* member = figures.member(0);
  ASSERT_NE(member, nullptr);
  EXPECT_EQ(member->address, upstream(80));
  EXPECT_EQ(ended(*member, Ending::reset_by_upstream), 1U);
  EXPECT_EQ(sum(member->ended), 1U);
  EXPECT_EQ(figures.of(Family::delivered_bytes)[0].get(), 60U);
  EXPECT_EQ(figures.of(Family::delivered_bytes)[1].get(), 30U);
  EXPECT_EQ(figures.of(Family::lost_bytes)[static_cast<std::size_t>(Ending::reset_by_upstream)].get(), 40U);
  EXPECT_EQ(sum(figures.of(Family::lost_bytes)), 40U);
  EXPECT_EQ(figures.of(Family::rescued_bytes)[1].get(), 30U);
  EXPECT_EQ(sum(figures.of(Family::rescued_bytes)), 30U);
  EXPECT_EQ(figures.of(Family::discarded_bytes)[0].get(), 10U);
  EXPECT_EQ(figures.of(Family::resets_received)[1].get(), 1U);
  EXPECT_EQ(sum(figures.of(Family::resets_received)), 1U);
  EXPECT_EQ(figures.of(Family::retries)[0].get(), 2U);
}

TEST(Figures, a_time_is_in_the_bucket_whose_upper_bound_it_does_not_exceed) {
  Figures figures;
  figures.ended(reset());
  const auto& connect = figures.of(Timing::connect);
  EXPECT_EQ(connect.buckets[1].get(), 1U) << "2.5 ms belongs to le=0.0025";
  EXPECT_EQ(sum(connect.buckets), 1U);
  EXPECT_EQ(connect.sum_us.get(), 2500U);
  EXPECT_EQ(figures.of(Timing::first_byte).buckets.back().get(), 1U) << "31 s is beyond the last bound";
  EXPECT_EQ(sum(figures.of(Timing::closing).buckets), 0U) << "a session without that time";
  EXPECT_EQ(sum(figures.of(Timing::duration).buckets), 1U);
}

TEST(Figures, members_beyond_the_limit_are_counted_together) {
  Figures figures;
  for (std::uint16_t port = 1; port <= 40; ++port) figures.ended(complete(port));
  for (std::size_t index = 0; index < Figures::kMostMembers; ++index) {
    ASSERT_NE(figures.member(index), nullptr);
    EXPECT_EQ(ended(*figures.member(index), Ending::complete), 1U);
  }
  EXPECT_EQ(ended(figures.other_members(), Ending::complete), 40 - Figures::kMostMembers);
}

TEST(Figures, the_cells_of_two_families_never_meet) {
  Figures figures;
  figures.sent_reset(Which::upstream, ResetCause::abandoned);
  figures.refuse(Refusal::proxy_header);
  figures.enter(Phase::flushing);
  figures.add(Family::datagrams_dropped, Which::upstream, 7);
  EXPECT_EQ(figures.of(Family::resets_sent).back().get(), 1U);
  EXPECT_EQ(figures.of(Family::refused_clients).back().get(), 1U);
  EXPECT_EQ(figures.of(Family::sessions).back().get(), 1U);
  EXPECT_EQ(figures.of(Family::datagrams_dropped).back().get(), 7U);
  std::uint64_t all = 0;
  for (const auto& each : kFamilies) all += sum(figures.of(each.family));
  EXPECT_EQ(all, 10U);
  figures.leave(Phase::flushing);
  EXPECT_EQ(figures.of(Family::sessions).back().get(), 0U);
}

TEST(Figures, each_reason_of_the_kernel_has_a_cell_for_each_side_and_strange_ones_share_the_last) {
  Figures figures;
  figures.kernel_sent_reset(Which::client, "TCP_STATE");
  figures.kernel_sent_reset(Which::upstream, "TCP_KEEPALIVE_TIMEOUT");
  figures.kernel_sent_reset(Which::upstream, "MPTCP_RST_EMPTCP");
  figures.kernel_sent_reset(Which::upstream, "of a later kernel");
  const auto cells = figures.of(Family::kernel_resets_sent);
  ASSERT_EQ(cells.size(), 2 * kResetReasonWords.size());
  EXPECT_EQ(cells.front().get(), 1U);
  EXPECT_EQ(cells[cells.size() - 2].get(), 1U);
  EXPECT_EQ(cells.back().get(), 2U);
  EXPECT_EQ(sum(cells), 4U);
}

TEST(Figures, names_follow_the_conventions_of_Prometheus) {
  std::set<std::string_view> names;
  const auto expect_name = [&](std::string_view name, std::string_view help, bool counter) {
    EXPECT_TRUE(names.insert(name).second) << name << " is there twice";
    EXPECT_EQ(name.ends_with("_total"), counter) << name;
    EXPECT_TRUE(help.ends_with('.')) << help;
  };
  for (const auto& each : kFamilies) expect_name(each.name, each.help, each.kind == CountKind::counter);
  for (const auto& each : kTimings) {
    expect_name(each.name, each.help, false);
    EXPECT_TRUE(each.name.ends_with("_seconds"));
    EXPECT_TRUE(std::ranges::is_sorted(each.bounds));
  }
  for (const auto& each : kCounts)
    if (each.is_metric) expect_name(each.name, each.help, each.kind == CountKind::counter);
  expect_name(kEnded.name, kEnded.help, true);
}

}  // namespace
}  // namespace lastbyte::relay
