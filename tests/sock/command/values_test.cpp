#include "sock/command/values.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <limits>

namespace lastbyte::sock {
namespace {

TEST(Size, takes_powers_of1024) {
  EXPECT_EQ(parse_size("0"), 0U);
  EXPECT_EQ(parse_size("1000"), 1000U);
  EXPECT_EQ(parse_size("64k"), 65536U);
  EXPECT_EQ(parse_size("64K"), 65536U);
  EXPECT_EQ(parse_size("20M"), 20U << 20U);
  EXPECT_EQ(parse_size("3g"), std::uint64_t{3} << 30U);
}

TEST(Size, refuses_what_is_none) {
  for (const auto* text : {"", "k", "-1", "+1", "1 k", "1kb", "1.5M", "0x10", "18446744073709551616", "17179869184G"}) {
    EXPECT_FALSE(parse_size(text)) << text;
  }
}

TEST(Size, every_number_comes_back) {
  EXPECT_TRUE(rc::check([](std::uint64_t value) { RC_ASSERT(*parse_size(std::to_string(value)) == value); }));
}

TEST(Size, a_letter_never_wraps_round) {
  EXPECT_TRUE(rc::check([](std::uint64_t value) {
    const auto parsed = parse_size(std::to_string(value) + "M");
    const auto most = std::numeric_limits<std::uint64_t>::max() >> 20U;
    RC_ASSERT(parsed.has_value() == (value <= most));
    if (parsed) RC_ASSERT((*parsed >> 20U) == value);
  }));
}

TEST(Time, is_in_seconds_unless_it_says_otherwise) {
  EXPECT_EQ(parse_duration("2"), Duration(2000));
  EXPECT_EQ(parse_duration("2s"), Duration(2000));
  EXPECT_EQ(parse_duration("0.25"), Duration(250));
  EXPECT_EQ(parse_duration(".5"), Duration(500));
  EXPECT_EQ(parse_duration("5."), Duration(5000));
  EXPECT_EQ(parse_duration("250ms"), Duration(250));
  EXPECT_EQ(parse_duration("1m"), Duration(60'000));
  EXPECT_EQ(parse_duration("1.5h"), Duration(5'400'000));
  EXPECT_EQ(parse_duration("0"), Duration(0));
}

TEST(Time, is_rounded_up_so_that_a_wait_is_never_none) { EXPECT_EQ(parse_duration("0.1ms"), Duration(1)); }

TEST(Time, refuses_what_is_none) {
  for (const auto* text : {"", ".", "s", "-1", "1w", "1 s", "1e3", "99999999999999", "1..2"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(LingerTime, is_off_or_seconds) {
  EXPECT_EQ(parse_linger("off"), (Linger{false, std::chrono::seconds(0)}));
  EXPECT_EQ(parse_linger("0"), (Linger{true, std::chrono::seconds(0)}));
  EXPECT_EQ(parse_linger("5"), (Linger{true, std::chrono::seconds(5)}));
  EXPECT_FALSE(parse_linger("on"));
  EXPECT_FALSE(parse_linger("-1"));
  EXPECT_FALSE(parse_linger("86401"));
}

TEST(KeepaliveTimes, are_taken_in_turn) {
  EXPECT_EQ(parse_keepalive(""), net::Keepalive{});
  EXPECT_EQ(parse_keepalive("7")->idle, std::chrono::seconds(7));
  const auto all = parse_keepalive("7,3,2");
  ASSERT_TRUE(all);
  EXPECT_EQ(all->interval, std::chrono::seconds(3));
  EXPECT_EQ(all->count, 2);
  for (const auto* text : {"0", "7,", "7,3,2,1", "7,3,200", "x"}) EXPECT_FALSE(parse_keepalive(text)) << text;
}

TEST(Ports, are_one_or_a_range) {
  EXPECT_EQ(parse_ports("80"), (net::PortRange{80, 80}));
  EXPECT_EQ(parse_ports("0"), (net::PortRange{0, 0}));
  EXPECT_EQ(parse_ports("20-25"), (net::PortRange{20, 25}));
  for (const auto* text : {"", "65536", "25-20", "1-2-3", "-5", "5-", "http"}) EXPECT_FALSE(parse_ports(text)) << text;
}

TEST(HostAndPort, are_split_at_the_only_colon_or_after_the_bracket) {
  EXPECT_EQ(split_host_port("127.0.0.1:80"), (HostPort{"127.0.0.1", "80"}));
  EXPECT_EQ(split_host_port(":80"), (HostPort{"", "80"}));
  EXPECT_EQ(split_host_port("localhost"), (HostPort{"localhost", ""}));
  EXPECT_EQ(split_host_port("::1"), (HostPort{"::1", ""}));
  EXPECT_EQ(split_host_port("[::1]:80"), (HostPort{"::1", "80"}));
  EXPECT_EQ(split_host_port("[::1]"), (HostPort{"::1", ""}));
  EXPECT_FALSE(split_host_port("[::1"));
  EXPECT_FALSE(split_host_port("[::1]80"));
}

TEST(Values, any_text_at_all_is_answered_without_a_crash) {
  EXPECT_TRUE(rc::check([](const std::string& text) {
    (void)parse_size(text);
    (void)parse_duration(text);
    (void)parse_linger(text);
    (void)parse_keepalive(text);
    (void)parse_ports(text);
    (void)split_host_port(text);
  }));
}

}  // namespace
}  // namespace lastbyte::sock
