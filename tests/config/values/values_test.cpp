// How durations, sizes and the like are read and printed.
#include <gtest/gtest.h>

#include "config/settings/config.h"
#include "config/values/names.h"
#include "config/values/numbers.h"

namespace lastbyte::config {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(Durations, of_whole_seconds_refuse_a_fraction) {
  const auto codec = seconds_codec(seconds(1), seconds(60));
  EXPECT_EQ(codec.parse("2000ms"), seconds(2));
  EXPECT_EQ(codec.parse("1500ms").error(), "not a whole number of seconds; expected 1s to 1m");
  EXPECT_EQ(codec.parse("0s").error(), "out of range; expected 1s to 1m");
  EXPECT_EQ(codec.parse("61s").error(), "out of range; expected 1s to 1m");
}

TEST(Percentages, have_their_sign) {
  const auto codec = percent_codec(1, 100);
  EXPECT_EQ(codec.parse("20%"), 20U);
  EXPECT_EQ(codec.print(20), "20%");
  EXPECT_EQ(codec.parse("20").error(), "has no '%'; expected 1% to 100%");
  EXPECT_EQ(codec.parse("0%").error(), "out of range; expected 1% to 100%");
  EXPECT_EQ(codec.parse("%").error(), "not a whole number; expected 1% to 100%");
}

TEST(Ranges, are_one_number_or_two) {
  const auto codec = range_codec(100, 599);
  EXPECT_EQ(codec.parse("200-399"), (Range{200, 399}));
  EXPECT_EQ(codec.parse("204"), (Range{204, 204}));
  EXPECT_EQ(codec.print({200, 399}), "200-399");
  EXPECT_EQ(codec.print({204, 204}), "204");
  for (const auto* wrong : {"", "-", "99", "200-", "300-200", "200-600", "2xx"})
    EXPECT_EQ(codec.parse(wrong).error(), "expected one number or a range, from 100 to 599") << wrong;
}

TEST(GroupNames, never_look_like_an_endpoint) {
  EXPECT_EQ(parse_group_name("web-1_a"), "web-1_a");
  for (const auto* wrong : {"", "1web", "-web", "web.1", "web:80", "w b"})
    EXPECT_FALSE(parse_group_name(wrong)) << wrong;
  EXPECT_EQ(connect_codec().parse("group:web")->group, "web");
  EXPECT_EQ(connect_codec().parse("group:80")->endpoint, net::Endpoint::tcp("group", 80));
  EXPECT_FALSE(connect_codec().parse("group:8web"));
}

TEST(Members, may_be_srv_records) {
  const auto member = member_codec().parse("srv:_ldap._tcp.a.example");
  ASSERT_TRUE(member);
  EXPECT_TRUE(member->srv);
  EXPECT_EQ(member->endpoint.host, "_ldap._tcp.a.example");
  EXPECT_EQ(member->endpoint.transport, net::Transport::tcp);
  EXPECT_EQ(member_codec().print(*member), "srv:_ldap._tcp.a.example");
  EXPECT_EQ(member_codec().parse("srv:_dns._udp.a")->endpoint.transport, net::Transport::udp);
  for (const auto* wrong : {"srv:", "srv:a.example", "srv:_ldap.a", "srv:_ldap._sctp.a", "group:a"})
    EXPECT_FALSE(member_codec().parse(wrong)) << wrong;
}

TEST(Bytes, may_be_escaped) {
  const auto codec = bytes_codec(8);
  EXPECT_EQ(codec.parse("PING\\r\\n"), "PING\r\n");
  EXPECT_EQ(codec.parse("\\x00\\xfF\\\\\\t"), std::string("\0\xff\\\t", 4));
  EXPECT_EQ(codec.parse(""), "");
  for (const auto* wrong : {"\\", "\\q", "\\x1", "\\xg0", "123456789"}) EXPECT_FALSE(codec.parse(wrong)) << wrong;
}

TEST(Counts, keep_to_their_range) {
  const auto codec = count_codec<int>(1, 127);
  EXPECT_EQ(codec.parse("1"), 1);
  EXPECT_EQ(codec.parse("127"), 127);
  for (const auto* wrong : {"0", "128", "-1", "99999999999999999999"}) {
    EXPECT_EQ(codec.parse(wrong).error(), "out of range; expected 1 to 127") << wrong;
  }
  for (const auto* wrong : {"", "-", "+1", "1.0", "0x1", "one", "1 "}) {
    EXPECT_EQ(codec.parse(wrong).error(), "not a whole number; expected 1 to 127") << wrong;
  }
}

TEST(Marks, are_decimal_or_hexadecimal) {
  const auto codec = mark_codec();
  EXPECT_EQ(codec.parse("16"), 16U);
  EXPECT_EQ(codec.parse("0x10"), 16U);
  EXPECT_EQ(codec.parse("0xffffffff"), 0xffffffffU);
  EXPECT_EQ(codec.print(16), "0x10");
  const std::string form = "; expected 0 to 4294967295, or 0x0 to 0xffffffff";
  EXPECT_EQ(codec.parse("4294967296").error(), "out of range" + form);
  EXPECT_EQ(codec.parse("0x").error(), "not a whole number" + form);
  EXPECT_EQ(codec.parse("-1").error(), "not a whole number" + form);
}

TEST(Sources, are_addresses_with_or_without_ports) {
  const auto codec = source_codec();
  for (const std::string text :
       {"10.0.0.1", "10.0.0.1:4000", "10.0.0.1:40000-49999", "::1", "[::1]:4000", "[::1]:1-65535"}) {
    const auto address = codec.parse(text);
    ASSERT_TRUE(address) << text << ": " << address.error();
    EXPECT_EQ(codec.print(*address), text);
  }
  EXPECT_EQ(codec.print(*codec.parse("[::1]")), "::1");
}

TEST(Sources, wrong_ones_say_what_was_expected) {
  const auto codec = source_codec();
  const std::string form =
      "; expected a numeric address such as 10.0.0.1, 10.0.0.1:4000, 10.0.0.1:40000-49999, ::1 or [::1]:4000";
  for (const auto* wrong : {"", "host", "10.0.0", "[::1", "[::1]x", "[::1]4", "1:2:3", "10.0.0.1:1:2"}) {
    EXPECT_EQ(codec.parse(wrong).error(), "not an address" + form) << wrong;
  }
  EXPECT_EQ(codec.parse("0.0.0.0").error(), "stands for all addresses" + form);
  EXPECT_EQ(codec.parse("::").error(), "stands for all addresses" + form);
  EXPECT_EQ(codec.parse("10.0.0.1:70000").error(), "the port is '70000'; expected 0 to 65535");
  EXPECT_EQ(codec.parse("[::1]:").error(), "the port is ''; expected 0 to 65535");
  EXPECT_EQ(codec.parse("10.0.0.1:40000-").error(), "the port is ''; expected 0 to 65535");
  for (const std::string ports : {"0-10", "5-4"})
    EXPECT_EQ(codec.parse("10.0.0.1:" + ports).error(),
              "its ports are " + ports + "; expected FIRST-LAST, from 1 to 65535");
}

}  // namespace
}  // namespace lastbyte::config
