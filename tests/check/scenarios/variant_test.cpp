// Variants: over UNIX sockets, and with PROXY protocol headers.
#include "check/scenarios/variant.h"

#include <gtest/gtest.h>

#include <set>

#include "check/grade/grade.h"
#include "check/report/report.h"
#include "launchers/launchers.h"

namespace lastbyte::check {
namespace {

bool plays(const char* scenario, const char* variant) {
  return has_meaning(*find_scenario(scenario), *find_variant(variant));
}

TEST(Variants, have_names_of_their_own_and_tcp_is_the_first) {
  std::set<std::string_view> names;
  for (const Variant& each : variants()) {
    EXPECT_TRUE(names.insert(each.name).second) << each.name;
    EXPECT_EQ(find_variant(each.name), &each);
    EXPECT_NE(variant_names().find(each.name), std::string::npos);
  }
  EXPECT_EQ(tcp_variant().name, "tcp");
  EXPECT_EQ(find_variant("quic"), nullptr);
  EXPECT_EQ(label(*find_scenario("refused"), tcp_variant()), "refused");
  EXPECT_EQ(label(*find_scenario("refused"), *find_variant("tcp-to-unix")), "refused@tcp-to-unix");
}

TEST(Variants, leave_out_what_a_unix_socket_does_not_have) {
  EXPECT_TRUE(plays("half-close-client", "unix"));
  EXPECT_FALSE(plays("client-reset-idle", "unix-to-tcp"));  // a UNIX client has no RST to send
  EXPECT_TRUE(plays("client-reset-idle", "tcp-to-unix"));
  EXPECT_FALSE(plays("refused", "unix-to-tcp"));  // a UNIX client has no way to see a failure if nothing is unread
  EXPECT_TRUE(plays("refused", "tcp-to-unix"));
  EXPECT_FALSE(plays("late-listener", "tcp-to-unix"));  // a UNIX server has no SYN to ignore
  EXPECT_TRUE(plays("late-listener", "unix-to-tcp"));
  for (const Scenario& each : scenarios()) {
    EXPECT_TRUE(has_meaning(each, tcp_variant())) << each.name;
    const bool special = each.first_to_close != FirstToClose::not_watched || each.place != Place::here || each.alone ||
                         each.slow || each.needs != Needs::nothing;
    EXPECT_FALSE(each.varied && special) << each.name;
    EXPECT_EQ(has_meaning(each, *find_variant("proxy-v1")), each.varied) << each.name;
  }
}

/// Variants that can be played without a proxy.
TEST(Variants, hold_without_a_proxy_where_both_sides_are_alike) {
  const Target plain{.name = "no proxy"};
  References references;
  Choice choice{.scenarios = {find_scenario("half-close-client-20m"), find_scenario("answer-then-close-unread"),
                              find_scenario("client-reset-after-data"), find_scenario("full-duplex"),
                              find_scenario("simultaneous-close"), find_scenario("back-pressure-download")}};
  choice.variants = {find_variant("unix"), find_variant("proxy-v1"), find_variant("proxy-v2")};
  const Report report = grade(plain, choice, references, nullptr);
  EXPECT_EQ(report.outcomes.size(), 5U + 6U + 6U);
  for (const Outcome& each : report.outcomes) EXPECT_EQ(each.verdict, Verdict::pass) << table_row(each, true);
}

TEST(Variants, what_a_target_does_not_speak_is_skipped_and_never_passed) {
  const Target plain{.name = "no proxy"};
  References references;
  Choice choice{.scenarios = {find_scenario("half-close-client")}};
  choice.variants = {find_variant("unix-to-tcp"), find_variant("send-proxy-v1")};
  const Report report = grade(plain, choice, references, nullptr);
  ASSERT_EQ(report.count(Verdict::skip), 2U);
  EXPECT_TRUE(report.outcomes.front().unspoken);
  EXPECT_NE(report.outcomes.front().reason.find("does not speak"), std::string::npos);
  EXPECT_NE(table_row(report.outcomes.front(), false).find("*@unix-to-tcp"), std::string::npos);
}

/// A real proxy that speaks all variants.
TEST(Variants, haproxy_forwards_in_each_of_them) {
  const launchers::Launcher* haproxy = launchers::find("haproxy");
  ASSERT_NE(haproxy, nullptr);
  if (const auto lacking = launchers::missing(*haproxy); !lacking.empty())
    GTEST_SKIP() << lacking << " is not installed";
  References references;
  Choice choice{.scenarios = {find_scenario("half-close-client"), find_scenario("simultaneous-close")}};
  for (const Variant& each : variants()) choice.variants.push_back(&each);
  const Report report = grade(target_of(*haproxy), choice, references, nullptr);
  for (const Outcome& each : report.outcomes) EXPECT_EQ(each.verdict, Verdict::pass) << table_row(each, true);
}

/// A target that is declared to speak a variant that it does not speak.
TEST(Variants, a_missing_header_is_found) {
  const launchers::Launcher* known = launchers::find("haproxy");
  if (!launchers::missing(*known).empty()) GTEST_SKIP() << "haproxy is not installed";
  Target haproxy = target_of(*known);
  haproxy.forms["send-proxy-v2"] = {haproxy.command, haproxy.config};
  haproxy.forms["send-proxy-v1"] = haproxy.forms.at("send-proxy-v1");
  haproxy.forms["accept-proxy-v1"] = {haproxy.command, haproxy.config};
  haproxy.forms["proxy-v1"] = haproxy.forms.at("proxy-v2");
  References references;
  Choice choice{.scenarios = {find_scenario("half-close-client")}};
  choice.variants = {find_variant("send-proxy-v2"), find_variant("accept-proxy-v1"), find_variant("proxy-v1"),
                     find_variant("send-proxy-v1")};
  const Report report = grade(haproxy, choice, references, nullptr);
  ASSERT_EQ(report.outcomes.size(), 4U);
  EXPECT_NE(report.outcomes[0].reason.find("server: "), std::string::npos) << report.outcomes[0].reason;
  EXPECT_NE(report.outcomes[1].reason.find("wrong bytes"), std::string::npos) << report.outcomes[1].reason;
  EXPECT_EQ(report.outcomes[2].reason, "server: PROXY header: it has version 2; expected version 1");
  EXPECT_EQ(report.outcomes[3].verdict, Verdict::pass) << report.outcomes[3].reason;
}

}  // namespace
}  // namespace lastbyte::check
