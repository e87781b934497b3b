#include "probe/dns/answer.h"

#include <gtest/gtest.h>

namespace lastbyte::probe::dns {
namespace {

using std::chrono::seconds;

net::Address ip(const char* text) { return *net::Address::parse(text, 0); }

const Records kV4{.addresses = {ip("10.0.0.1"), ip("10.0.0.2")}, .targets = {}, .ttl = seconds(30)};
const Records kV6{.addresses = {ip("2001:db8::1")}, .targets = {}, .ttl = seconds(20)};

Answer combined(std::vector<Message> messages, upstream::Family family, bool v6_route = true) {
  return combine(messages, family,
                 [&](const net::Address& address) { return address.family() == AF_INET || v6_route; });
}
std::string addresses(const Answer& answer) {
  std::string out;
  for (const net::Address& each : std::get<Found>(answer).addresses) out += (out.empty() ? "" : " ") + each.ip_text();
  return out;
}

TEST(DnsAnswer, both_families_are_asked_for_the_preferred_one_first) {
  using enum upstream::Family;
  using enum RecordType;
  EXPECT_EQ(questions(any), (std::vector{aaaa, a}));
  EXPECT_EQ(questions(prefer_v4), (std::vector{a, aaaa}));
  EXPECT_EQ(questions(only_v4), std::vector{a});
  EXPECT_EQ(questions(only_v6), std::vector{aaaa});
}

TEST(DnsAnswer, addresses_of_both_families_have_the_least_ttl) {
  const Answer answer = combined({kV6, kV4}, upstream::Family::any);
  EXPECT_EQ(addresses(answer), "2001:db8::1 10.0.0.1 10.0.0.2");
  EXPECT_EQ(std::get<Found>(answer).ttl, Duration(20'000));
}

TEST(DnsAnswer, a_family_without_a_route_goes_last_where_none_is_preferred) {
  EXPECT_EQ(addresses(combined({kV6, kV4}, upstream::Family::any, false)), "10.0.0.1 10.0.0.2 2001:db8::1");
  EXPECT_EQ(addresses(combined({kV6, kV4}, upstream::Family::prefer_v6, false)), "2001:db8::1 10.0.0.1 10.0.0.2");
}

TEST(DnsAnswer, a_family_that_failed_is_told_beside_the_other) {
  const Answer answer = combined({Broken{"SERVFAIL"}, kV4}, upstream::Family::any);
  EXPECT_EQ(addresses(answer), "10.0.0.1 10.0.0.2");
  EXPECT_EQ(std::get<Found>(answer).failed_family, AF_INET6);
}

TEST(DnsAnswer, no_address_is_definite_only_if_no_family_failed) {
  const auto none =
      std::get<NotFound>(combined({Negative{true, seconds(9)}, Negative{true, seconds(4)}}, upstream::Family::any));
  EXPECT_TRUE(none.definite);
  EXPECT_EQ(none.ttl, Duration(4'000));
  EXPECT_EQ(none.error, "the name has no address");
  const auto failed = std::get<NotFound>(combined({Negative{true, {}}, Broken{"down"}}, upstream::Family::any));
  EXPECT_FALSE(failed.definite);
  EXPECT_EQ(failed.error, "down");
}

TEST(DnsAnswer, targets_of_srv_are_members_with_their_weight_and_worse_priorities_are_backups) {
  upstream::Member srv;
  srv.endpoint = net::Endpoint::tcp("_pg._tcp.example", 1);
  srv.srv = true;
  srv.max_sessions = 7;
  const std::vector<Service> services{{{10, 1000, 5432, "a.example"}, {ip("10.0.0.1")}},
                                      {{10, 0, 5433, "b.example"}, {ip("10.0.0.2")}},
                                      {{20, 500, 5434, "c.example"}, {ip("10.0.0.3")}}};
  const auto members = members_of(srv, services);
  ASSERT_EQ(members.size(), 3U);
  EXPECT_EQ(members[0].endpoint.text(), "tcp:a.example:5432");
  EXPECT_EQ(members[0].max_sessions, 7U);
  EXPECT_FALSE(members[0].srv);
  EXPECT_EQ(members[0].weight, 256U);
  EXPECT_EQ(members[1].weight, 1U);
  EXPECT_EQ(members[2].weight, 128U);
  EXPECT_FALSE(members[1].backup);
  EXPECT_TRUE(members[2].backup);
}

}  // namespace
}  // namespace lastbyte::probe::dns
