// Tests the changes between two answers.
#include "console/reading.h"

#include <gtest/gtest.h>

namespace lastbyte::console {
namespace {

StatusReading status(std::int64_t uptime_us, std::uint64_t begun, std::uint64_t complete, std::uint64_t resets) {
  StatusReading status{.pid = 7, .instance = "then", .uptime_us = uptime_us};
  status.forwardings["web"] = {
      .begun = begun, .ended = {{"complete", complete}, {"reset_by_client", resets}}, .received = {begun * 10, 5}};
  return status;
}

SessionReading session(std::uint64_t id, std::int64_t age_us, std::uint64_t from_client, std::uint64_t from_upstream) {
  SessionReading session;
  session.id = id;
  session.age_us = age_us;
  session.received = {from_client, from_upstream};
  return session;
}

TEST(Rates, they_are_a_second_by_the_clock_of_the_process) {
  const auto found = rates(status(1'000'000, 10, 5, 0), status(3'000'000, 30, 9, 1));
  ASSERT_TRUE(found);
  EXPECT_DOUBLE_EQ(found->begun, 10);
  EXPECT_DOUBLE_EQ(found->ended, 2.5);
  EXPECT_DOUBLE_EQ(found->bytes[0], 100);
  EXPECT_DOUBLE_EQ(found->bytes[1], 0);
  ASSERT_EQ(found->endings.size(), 2U);
  EXPECT_EQ(found->endings[0].first, "complete");
  EXPECT_DOUBLE_EQ(found->endings[1].second, 0.5);
}

TEST(Rates, another_process_has_none) {
  StatusReading now = status(3'000'000, 1, 1, 1);
  now.instance = "later";
  EXPECT_FALSE(rates(status(1'000'000, 10, 5, 0), now));
  EXPECT_FALSE(rates(status(3'000'000, 1, 1, 1), status(3'000'000, 1, 1, 1)));
}

TEST(Rates, forwardings_that_come_and_go_make_no_jump) {
  StatusReading before = status(1'000'000, 10, 5, 0);
  before.forwardings["old"] = {.begun = 1'000'000};
  StatusReading now = status(2'000'000, 11, 5, 0);
  now.forwardings["new"] = {.begun = 1'000'000};
  EXPECT_DOUBLE_EQ(rates(before, now)->begun, 1);
  EXPECT_DOUBLE_EQ(rates(now, status(3'000'000, 11, 5, 0))->begun, 0);
}

TEST(Rates, those_of_a_session_go_by_its_age) {
  const auto before = rows_of({"then", 2, {session(1, 1'000'000, 100, 0), session(2, 500'000, 7, 7)}}, nullptr, 0);
  EXPECT_FALSE(before[0].rate);
  const auto now =
      rows_of({"then", 3, {session(2, 2'500'000, 7, 27), session(3, 1'000'000, 50, 0), session(4, 9'000'000, 50, 0)}},
              &before, 2'000'000);
  ASSERT_TRUE(now[0].rate);
  EXPECT_DOUBLE_EQ((*now[0].rate)[0], 0);
  EXPECT_DOUBLE_EQ((*now[0].rate)[1], 10);
  ASSERT_TRUE(now[1].rate) << "it began between the readings";
  EXPECT_DOUBLE_EQ((*now[1].rate)[0], 50);
  EXPECT_FALSE(now[2].rate) << "it existed, but the first reading lacks it";
}

TEST(Reading, anything_else_than_an_answer_is_an_error) {
  for (const char* text : {"", "{}", "[]", "null", "7", R"({"sessions":7})", R"({"matched":1,"sessions":[{}]})",
                           R"({"matched":-1,"sessions":[{"id":"x"}]})", "\xff\xff"}) {
    EXPECT_FALSE(parse_status(text)) << text;
    EXPECT_FALSE(parse_sessions(text)) << text;
  }
  EXPECT_TRUE(parse_sessions(R"({"instance":"x","matched":0,"sessions":[]})"));
}

}  // namespace
}  // namespace lastbyte::console
