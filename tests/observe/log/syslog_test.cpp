// Tests RFC 5424 without a socket, and JOURNAL_STREAM.
#include "observe/log/syslog.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

#include "observe/log/journal.h"

namespace lastbyte::observe {
namespace {

using namespace std::chrono_literals;

const SyslogOrigin kOrigin{.facility = 16, .application = "lastbyte", .host = "gate 1", .process = "4711"};
constexpr std::size_t kRoomy = 2048;

Line line(std::string text, StructuredData data = {}) {
  return {.when = std::chrono::sys_days(std::chrono::March / 4 / 2026) + 5h + 6min + 7s + 89ms,
          .severity = Severity::notice,
          .kind = "session-end",
          .data = std::move(data),
          .text = std::move(text)};
}

TEST(SyslogMessage, has_the_fields_of_rfc_5424) {
  EXPECT_EQ(syslog_message(kOrigin, line("hello"), kRoomy),
            "<133>1 2026-03-04T05:06:07.089Z gate?1 lastbyte 4711 session-end - hello");
  EXPECT_EQ(syslog_message({.facility = 3, .application = ""}, line("x"), kRoomy),
            "<29>1 2026-03-04T05:06:07.089Z - - - session-end - x");
}

TEST(SyslogMessage, escapes_the_three_characters_of_structured_data_and_keeps_to_one_line) {
  EXPECT_EQ(syslog_message(kOrigin, line("t", {"s@1", {{"a", R"(q"b\s]e)"}, {"n", "x\ny"}}}), kRoomy),
            R"(<133>1 2026-03-04T05:06:07.089Z gate?1 lastbyte 4711 session-end [s@1 a="q\"b\\s\]e" n="x?y"] t)");
}

TEST(SyslogMessage, that_is_too_long_loses_its_data_first_and_then_the_end_of_its_text) {
  const StructuredData data{"s@1", {{"a", std::string(100, 'a')}}};
  const std::string whole = syslog_message(kOrigin, line("text", data), kRoomy);
  EXPECT_EQ(syslog_message(kOrigin, line("text", data), whole.size()), whole);
  const std::string without = syslog_message(kOrigin, line("text"), kRoomy);
  EXPECT_EQ(syslog_message(kOrigin, line("text", data), whole.size() - 1), without);
  EXPECT_EQ(syslog_message(kOrigin, line("text", data), without.size() - 1), without.substr(0, without.size() - 1));
}

TEST(SyslogMessage, is_never_cut_off_within_a_character) {
  const std::string text = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80z";  // 1, 2, 3, 4 and 1 bytes
  const std::size_t header = syslog_message(kOrigin, line(""), kRoomy).size();
  std::vector<std::size_t> lengths;
  for (std::size_t room = 0; room <= text.size(); ++room) {
    const std::string message = syslog_message(kOrigin, line(text), header + room);
    EXPECT_LE(message.size(), header + room);
    lengths.push_back(message.size() - header);
  }
  EXPECT_EQ(lengths, (std::vector<std::size_t>{0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11}));
}

TEST(SyslogMessage, has_no_header_field_that_a_blank_would_split) {
  EXPECT_EQ(header_field("a b\tc\x80", 48), "a?b?c?");
  EXPECT_EQ(header_field(std::string(60, 'a'), 48).size(), 48U);
  EXPECT_EQ(header_field("", 48), "-");
}

TEST(JournalStream, is_the_stream_whose_device_and_inode_it_names) {
  EXPECT_TRUE(is_journal_stream("9:123456", 9, 123456));
  EXPECT_FALSE(is_journal_stream("9:123456", 9, 123457));
  EXPECT_FALSE(is_journal_stream("9:123456", 8, 123456));
  for (const char* wrong : {"", "9", "9:", ":123456", "9:123456 ", " 9:123456", "9:0x1", "9:123456:1", "+9:123456"})
    EXPECT_FALSE(is_journal_stream(wrong, 9, 123456)) << wrong;
}

}  // namespace
}  // namespace lastbyte::observe
