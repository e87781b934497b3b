#include "net/address.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <net/if.h>

#include <cstring>
#include <unordered_set>

namespace lastbyte::net {
namespace {

Address v4(const char* ip, std::uint16_t port = 80) { return *Address::parse(ip, port); }

TEST(Address, is_no_larger_than_the_kernels_own) { EXPECT_EQ(sizeof(Address), sizeof(sockaddr_in6)); }

TEST(Address, default_is_none) {
  const Address address;
  EXPECT_TRUE(address.none());
  EXPECT_EQ(address.text(), "-");
  EXPECT_EQ(address.ip_text(), "-");
  EXPECT_EQ(address.port(), 0);
  EXPECT_EQ(address.size(), 0U);
  EXPECT_FALSE(address.is_wildcard());
  EXPECT_EQ(address, Address{});
}

TEST(Address, reads_and_writes_ipv4) {
  const auto address = Address::parse("127.0.0.1", 80);
  ASSERT_TRUE(address);
  EXPECT_EQ(address->family(), AF_INET);
  EXPECT_EQ(address->port(), 80);
  EXPECT_EQ(address->size(), sizeof(sockaddr_in));
  EXPECT_EQ(address->text(), "127.0.0.1:80");
  EXPECT_EQ(address->ip_text(), "127.0.0.1");
}

TEST(Address, reads_and_writes_ipv6) {
  const auto address = Address::parse("2001:DB8:0:0:0:0:0:1", 65535);
  ASSERT_TRUE(address);
  EXPECT_EQ(address->family(), AF_INET6);
  EXPECT_EQ(address->port(), 65535);
  EXPECT_EQ(address->size(), sizeof(sockaddr_in6));
  EXPECT_EQ(address->text(), "[2001:db8::1]:65535");
  EXPECT_EQ(address->ip_text(), "2001:db8::1");
}

TEST(Address, keeps_the_scope_of_a_link_local_address) {
  const unsigned lo = if_nametoindex("lo");
  const auto by_name = Address::parse("fe80::1%lo", 1);
  ASSERT_TRUE(by_name);
  EXPECT_EQ(by_name->ip_text(), "fe80::1%" + std::to_string(lo));
  EXPECT_EQ(Address::parse(by_name->ip_text(), 1), by_name);
  EXPECT_NE(*by_name, *Address::parse("fe80::1", 1));
  EXPECT_FALSE(Address::parse("fe80::1%no-such-interface", 1));
  EXPECT_FALSE(Address::parse("fe80::1%", 1));
}

TEST(Address, refuses_what_is_not_a_numeric_address) {
  using namespace std::string_view_literals;
  for (const auto text : {""sv, "localhost"sv, "1.2.3"sv, "1.2.3.4.5"sv, "256.1.1.1"sv, "127.1"sv, "0x7f.0.0.1"sv,
                          "[::1]"sv, ":::"sv, "1::2::3"sv, "::1 "sv, " 1.2.3.4"sv, "1.2.3.4\0"sv, "::1\0x"sv}) {
    EXPECT_FALSE(Address::parse(text, 1)) << '"' << text << '"';
  }
}

TEST(Address, comes_from_the_kernels_form) {
  sockaddr_storage storage{};
  const Address six = *Address::parse("::1", 443);
  std::memcpy(&storage, six.data(), six.size());
  EXPECT_EQ(Address::from_kernel(reinterpret_cast<sockaddr*>(&storage), sizeof storage), six);
  EXPECT_EQ(Address::from_kernel(reinterpret_cast<sockaddr*>(&storage), sizeof(sockaddr_in6)), six);
}

TEST(Address, is_none_for_other_families_and_short_lengths) {
  sockaddr_storage storage{};
  storage.ss_family = AF_UNIX;
  EXPECT_TRUE(Address::from_kernel(reinterpret_cast<sockaddr*>(&storage), sizeof storage).none());
  storage.ss_family = AF_INET6;
  EXPECT_TRUE(Address::from_kernel(reinterpret_cast<sockaddr*>(&storage), sizeof(sockaddr_in)).none());
  storage.ss_family = AF_INET;
  EXPECT_TRUE(Address::from_kernel(reinterpret_cast<sockaddr*>(&storage), 0).none());
  EXPECT_TRUE(Address::from_kernel(nullptr, sizeof storage).none());
}

TEST(Address, knows_the_wildcards) {
  EXPECT_TRUE(v4("0.0.0.0").is_wildcard());
  EXPECT_TRUE(v4("::").is_wildcard());
  EXPECT_FALSE(v4("127.0.0.1").is_wildcard());
  EXPECT_FALSE(v4("::1").is_wildcard());
}

TEST(Address, compares_address_and_port) {
  EXPECT_EQ(v4("10.0.0.1", 1), v4("10.0.0.1", 1));
  EXPECT_NE(v4("10.0.0.1", 1), v4("10.0.0.1", 2));
  EXPECT_NE(v4("10.0.0.1", 1), v4("10.0.0.2", 1));
  EXPECT_NE(v4("::ffff:10.0.0.1", 1), v4("10.0.0.1", 1));
  EXPECT_NE(v4("10.0.0.1", 0), Address{});
}

TEST(Address, without_port_is_what_one_client_means) {
  EXPECT_EQ(v4("10.0.0.1", 1).without_port(), v4("10.0.0.1", 2).without_port());
  EXPECT_EQ(v4("::1", 7).without_port().port(), 0);
  EXPECT_TRUE(Address{}.without_port().none());
  Address none;
  none.set_port(5);
  EXPECT_TRUE(none.none());
}

TEST(Address, hashes_what_it_compares) {
  std::unordered_set<Address, AddressHash> set{v4("10.0.0.1", 1), v4("10.0.0.1", 2), v4("::1", 1), Address{}};
  EXPECT_EQ(set.size(), 4U);
  EXPECT_TRUE(set.contains(v4("10.0.0.1", 2)));
  EXPECT_FALSE(set.contains(v4("10.0.0.1", 3)));

  sockaddr_in6 raw{};
  std::memcpy(&raw, v4("::1", 1).data(), sizeof raw);
  raw.sin6_flowinfo = 7;  // not part of who it is
  EXPECT_TRUE(set.contains(Address(raw)));
}

}  // namespace
}  // namespace lastbyte::net
