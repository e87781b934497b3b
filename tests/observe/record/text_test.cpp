#include "observe/record/text.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cerrno>
#include <regex>

#include "observe/record/summary.h"
#include "tests/observe/record/endings.h"

namespace lastbyte::observe {
namespace {

using namespace std::chrono_literals;

TEST(RecordText, tells_a_complete_session_on_one_line) {
  EXPECT_EQ(to_text(complete_record()),
            "2026-03-04T05:06:08.293Z #1 web 192.0.2.7:51234 -> [2001:db8::2]:80 complete"
            " | client=fin received=78 delivered=78 | upstream=fin received=14600 delivered=14600"
            " | first=fin:client duration=1.205s connect=412us");
}

TEST(RecordText, tells_errors_losses_limits_and_retries_where_there_are_any) {
  relay::Record record = complete_record();
  record.stream().retries = 3;
  record.stream().verdict.complete = false;
  record.stream().verdict.ends = {termination::End::passed_on, termination::End::reset};
  record.stream().verdict.limit = termination::Deadline::reset_flush;
  record.stream().verdict.first = termination::First::reset;
  record.stream().verdict.first_side = termination::Which::upstream;
  record.stream().flows[0] = {.received = 10, .delivered = 7, .undelivered = 3, .discarded = 1, .rescued = 2};
  record.sides[1].error = ECONNRESET;
  EXPECT_EQ(to_text(record),
            "2026-03-04T05:06:08.293Z #1 web 192.0.2.7:51234 -> [2001:db8::2]:80"
            " reset by upstream (ECONNRESET), reset_flush limit passed, 3 bytes from client undelivered"
            " | client=passed_on received=10 delivered=7 undelivered=3 discarded=1 rescued=2"
            " | upstream=reset error=ECONNRESET received=14600 delivered=14600"
            " | first=reset:upstream limit=reset_flush duration=1.205s connect=412us retries=3");
}

TEST(RecordText, tells_the_port_where_the_forwarding_has_several) {
  relay::Record record = complete_record();
  record.one_of_many = true;
  EXPECT_TRUE(to_text(record).ends_with(" duration=1.205s connect=412us listen=192.0.2.1:8080")) << to_text(record);
}

TEST(RecordText, T14_tells_who_is_behind_a_unix_socket_and_what_was_passed_on) {
  relay::Record record = complete_record();
  record.sides[0].address = *net::Address::unix_name("");
  record.sides[1].address = *net::Address::unix_name("/run/my app.sock");
  record.stream().peers[0] = net::PeerCredentials{.pid = 4711, .uid = 1000, .gid = 100};
  record.stream().flows[0].descriptors = 3;
  const std::string line = to_text(record);
  EXPECT_NE(line.find(R"( unix: -> "unix:/run/my app.sock" complete)"), std::string::npos) << line;
  EXPECT_NE(
      line.find(" | client=fin pid=4711 uid=1000 gid=100 received=78 delivered=78 descriptors=3 | upstream=fin r"),
      std::string::npos)
      << line;
}

TEST(RecordText, each_typical_ending_is_told_in_the_words_of_its_heading) {
  for (const Ending& ending : typical_endings()) {
    const std::string words = summary(ending.record);
    const std::string heading = ending.title.substr(0, ending.title.find(", "));
    EXPECT_TRUE(words.find(heading) != std::string::npos) << heading << ": " << words;
  }
}

TEST(RecordText, a_limit_that_was_not_the_cause_is_told_beside_it) {
  relay::Record record = complete_record();
  record.stream().verdict.complete = false;
  record.stream().verdict.ends = {termination::End::passed_on, termination::End::reset};
  record.stream().verdict.first = termination::First::reset;
  record.stream().verdict.first_side = termination::Which::upstream;
  record.stream().verdict.limit = termination::Deadline::reset_flush;
  EXPECT_EQ(summary(record), "reset by upstream, reset_flush limit passed");
}

TEST(RecordText, puts_the_end_down_to_the_side_that_failed_first) {
  relay::Record record = complete_record();
  record.stream().verdict.complete = false;
  record.stream().verdict.ends = {termination::End::reset, termination::End::reset};
  record.stream().verdict.first = termination::First::reset;
  record.stream().verdict.first_side = termination::Which::upstream;
  EXPECT_EQ(summary(record), "reset by upstream");
  record.stream().verdict.first_side = termination::Which::client;
  EXPECT_EQ(summary(record), "reset by client");
}

TEST(RecordText, a_failure_after_a_half_close_is_put_down_to_who_failed_not_to_who_ended_first) {
  relay::Record record = complete_record();
  record.stream().verdict.complete = false;
  record.stream().verdict.ends = {termination::End::passed_on, termination::End::vanished};
  record.stream().verdict.first = termination::First::fin;
  record.stream().verdict.first_side = termination::Which::client;
  EXPECT_EQ(summary(record), "upstream vanished");
}

TEST(RecordText, unknown_addresses_and_names_leave_no_gap) {
  relay::Record record;
  EXPECT_NE(to_text(record).find(" #0 - - -> - "), std::string::npos) << to_text(record);
}

TEST(RecordText, a_name_with_blanks_or_control_characters_is_quoted) {
  relay::Record record = complete_record();
  record.forwarding = std::make_shared<const std::string>("my web\n\x1b[2J");
  const std::string line = to_text(record);
  EXPECT_NE(line.find(R"( "my web\n\x1b[2J" )"), std::string::npos) << line;
  EXPECT_EQ(line.find('\n'), std::string::npos);
  EXPECT_EQ(line.find('\x1b'), std::string::npos);
}

TEST(RecordText, durations_are_as_precise_as_it_helps) {
  relay::Record record = complete_record();
  record.stream().connect_duration = -1us;
  for (const auto& [duration, text] : std::initializer_list<std::pair<std::chrono::microseconds, const char*>>{
           {0us, "0us"}, {999us, "999us"}, {1000us, "1.0ms"}, {12345us, "12.3ms"}, {1s, "1.000s"}, {2h, "7200.000s"}}) {
    record.duration = duration;
    EXPECT_TRUE(to_text(record).ends_with(std::string(" duration=") + text)) << to_text(record);
  }
}

TEST(RecordText, a_reset_that_the_kernel_saw_is_told_with_its_end_and_reason) {
  relay::Record record = complete_record();
  EXPECT_EQ(to_text(record).find("reset="), std::string::npos);
  record.sides[0].reset = relay::seen_reset({.received = true, .reason = nullptr}, false);
  record.sides[1].reset = relay::seen_reset({.received = false, .reason = "TCP_STATE"}, true);
  EXPECT_NE(to_text(record).find(" | client=fin reset=peer received="), std::string::npos) << to_text(record);
  EXPECT_NE(to_text(record).find(" | upstream=fin reset=lastbyte:TCP_STATE received="), std::string::npos);
}

std::uint64_t number(const std::string& side, const std::string& key) {
  std::smatch found;
  return std::regex_search(side, found, std::regex(" " + key + "=([0-9]+)")) ? std::stoull(found[1]) : 0;
}

// T11: the printed figures add up if omitted ones count as 0.
RC_GTEST_PROP(RecordText, received_is_delivered_plus_undelivered_as_printed,
              (std::uint32_t delivered, std::uint32_t undelivered, std::uint32_t discarded)) {
  relay::Record record = complete_record();
  record.stream().flows[0] = {.received = std::uint64_t{delivered} + undelivered,
                              .delivered = delivered,
                              .undelivered = undelivered,
                              .discarded = std::min(discarded, undelivered),
                              .rescued = 0};
  const std::string line = to_text(record);
  const auto begin = line.find(" | client=");
  const std::string side = line.substr(begin, line.find(" | upstream=") - begin);
  RC_ASSERT(number(side, "received") == number(side, "delivered") + number(side, "undelivered"));
  RC_ASSERT(number(side, "received") == record.stream().flows[0].received);
  RC_ASSERT(number(side, "discarded") == record.stream().flows[0].discarded);
}

}  // namespace
}  // namespace lastbyte::observe
