#include "net/address/access_list.h"

#include <gtest/gtest.h>

#include <ostream>

namespace lastbyte::net {

void PrintTo(Access access, std::ostream* out) {
  switch (access) {
    case Access::granted: *out << "granted"; return;
    case Access::denied: *out << "denied"; return;
    case Access::not_listed: *out << "not_listed"; return;
  }
}

namespace {

Cidr net_of(std::string_view text) {
  const auto parsed = Cidr::parse(text);
  EXPECT_TRUE(parsed) << parsed.error().text();
  return parsed.value_or(Cidr{});
}

Address client_at(std::string_view text) { return Address::parse(text, 4242).value_or(Address{}); }

TEST(AccessList, without_networks_all_come_in) {
  EXPECT_EQ(AccessList{}.check(client_at("10.0.0.1")), Access::granted);
  EXPECT_EQ(AccessList{}.check(client_at("::1")), Access::granted);
  EXPECT_EQ(AccessList{}.check(Address{}), Access::granted);
}

TEST(AccessList, who_is_not_allowed_stays_out) {
  const AccessList list{.allow = {net_of("10.0.0.0/8"), net_of("::1")}};
  EXPECT_EQ(list.check(client_at("10.0.0.1")), Access::granted);
  EXPECT_EQ(list.check(client_at("::1")), Access::granted);
  EXPECT_EQ(list.check(client_at("11.0.0.1")), Access::not_listed);
  EXPECT_EQ(list.check(Address{}), Access::not_listed);
}

TEST(AccessList, deny_wins_over_allow_even_where_allow_is_narrower) {
  const AccessList list{.allow = {net_of("10.0.0.0/8"), net_of("10.6.6.6")}, .deny = {net_of("10.6.0.0/16")}};
  EXPECT_EQ(list.check(client_at("10.0.0.1")), Access::granted);
  EXPECT_EQ(list.check(client_at("10.6.0.1")), Access::denied);
  EXPECT_EQ(list.check(client_at("10.6.6.6")), Access::denied);
  EXPECT_EQ(list.check(client_at("::ffff:10.6.6.6")), Access::denied);
  EXPECT_EQ(list.check(client_at("192.168.0.1")), Access::not_listed);
  EXPECT_EQ(AccessList{.deny = {net_of("::/0")}}.check(client_at("1.1.1.1")), Access::granted);
}

}  // namespace
}  // namespace lastbyte::net
