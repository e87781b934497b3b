#include "net/address/networks.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "net/address/mapped.h"

namespace lastbyte::net {
namespace {

Networks networks(const std::vector<std::string>& texts) {
  std::vector<Cidr> parsed;
  parsed.reserve(texts.size());
  for (const std::string& text : texts) parsed.push_back(Cidr::parse(text).value());
  return Networks(std::move(parsed));
}

Address address_at(std::string_view text) { return Address::parse(text, 4242).value_or(Address{}); }

Address v4(std::uint32_t number) {
  sockaddr_in raw{};
  raw.sin_family = AF_INET;
  raw.sin_addr.s_addr = htonl(number);
  return Address(raw);
}

TEST(Networks, none_contain_nothing) {
  EXPECT_TRUE(Networks().empty());
  EXPECT_EQ(Networks(), Networks(std::vector<Cidr>{}));
  for (const auto* text : {"10.0.0.1", "::1"}) EXPECT_FALSE(Networks().contains(address_at(text)));
}

TEST(Networks, keep_their_order_and_are_equal_only_in_the_same_one) {
  const Networks some = networks({"10.0.0.0/8", "::1", "9.0.0.0/8"});
  std::string texts;
  for (const Cidr& each : some) texts += each.text() + " ";
  EXPECT_EQ(texts, "10.0.0.0/8 ::1 9.0.0.0/8 ");
  EXPECT_EQ(some.size(), 3U);
  EXPECT_EQ(some, networks({"10.0.0.0/8", "::1", "9.0.0.0/8"}));
  EXPECT_NE(some, networks({"9.0.0.0/8", "10.0.0.0/8", "::1"}));
  EXPECT_NE(some, Networks());
}

TEST(Networks, first_and_last_addresses_of_neighbours_and_of_the_address_space) {
  const Networks some = networks({"0.0.0.0/32", "10.0.0.0/25", "10.0.0.128/25", "255.255.255.255"});
  for (const auto* text : {"0.0.0.0", "10.0.0.0", "10.0.0.127", "10.0.0.128", "10.0.0.255", "255.255.255.255"})
    EXPECT_TRUE(some.contains(address_at(text))) << text;
  for (const auto* text : {"0.0.0.1", "9.255.255.255", "10.0.1.0", "255.255.255.254", "::", "::1"})
    EXPECT_FALSE(some.contains(address_at(text))) << text;
}

TEST(Networks, a_wider_one_covers_a_narrower_one_that_begins_with_it) {
  for (const auto& both : {networks({"10.0.0.0/24", "10.0.0.0/8"}), networks({"10.0.0.0/8", "10.0.0.0/24"})}) {
    EXPECT_TRUE(both.contains(address_at("10.0.0.1")));
    EXPECT_TRUE(both.contains(address_at("10.255.255.255")));
    EXPECT_FALSE(both.contains(address_at("11.0.0.0")));
  }
}

TEST(Networks, families_are_apart_and_unix_clients_are_in_none) {
  const Networks all = networks({"0.0.0.0/0", "::/0"});
  EXPECT_TRUE(all.contains(address_at("::ffff:10.1.2.3")));
  EXPECT_TRUE(networks({"0.0.0.0/0"}).contains(address_at("::ffff:10.1.2.3")));
  EXPECT_FALSE(networks({"::/0"}).contains(address_at("::ffff:10.1.2.3")));
  EXPECT_FALSE(networks({"0.0.0.0/0"}).contains(address_at("::1")));
  EXPECT_FALSE(all.contains(Address{}));
  EXPECT_FALSE(all.contains(*Address::unix_name("@x")));
}

/// Asked of each network in turn these would be 10^11 answers, and the test would not end.
TEST(Networks, T12_half_a_million_cost_a_client_nothing) {
  constexpr std::uint32_t kMany = 1U << 19;
  std::vector<Cidr> many;
  many.reserve(kMany);
  for (std::uint32_t i = 0; i < kMany; ++i)
    many.push_back(Cidr::parse(v4(i << 13).ip_text() + "/20").value());  // every second network of 4,096 addresses
  const Networks list(std::move(many));
  for (std::uint32_t i = 0; i < kMany; ++i) {
    ASSERT_TRUE(list.contains(v4((i << 13) + 4095)));
    ASSERT_FALSE(list.contains(v4((i << 13) + 4096)));
  }
}

// What holds for all.

bool any_contains(const std::vector<Cidr>& networks, const Address& address) {
  return std::ranges::any_of(networks, [&](const Cidr& each) { return each.contains(address); });
}

Address address_of(const IpBytes& bytes, int family) {
  if (family == AF_INET) {
    sockaddr_in raw{};
    raw.sin_family = AF_INET;
    std::memcpy(&raw.sin_addr, bytes.data(), sizeof raw.sin_addr);
    return Address(raw);
  }
  sockaddr_in6 raw{};
  raw.sin6_family = AF_INET6;
  std::memcpy(&raw.sin6_addr, bytes.data(), sizeof raw.sin6_addr);
  return Address(raw);
}

/// The next or the previous one, around the end of the address space.
IpBytes neighbour(IpBytes bytes, int family, bool next) {
  for (std::size_t i = family == AF_INET ? 4 : 16; i-- > 0;) {
    bytes[i] = static_cast<std::uint8_t>(bytes[i] + (next ? 1 : -1));
    if (bytes[i] != (next ? 0x00 : 0xff)) break;
  }
  return bytes;
}

/// Of few addresses, so that networks nest, touch and overlap.
Cidr any_network() {
  const bool v4 = *rc::gen::arbitrary<bool>();
  const auto byte = rc::gen::element<std::uint8_t>(0, 1, 2, 127, 128, 254, 255);
  IpBytes bytes{};
  for (std::size_t i = 0; i < (v4 ? 4U : 16U); ++i) bytes[i] = *byte;
  const unsigned prefix = *rc::gen::inRange(0U, (v4 ? 32U : 128U) + 1);
  for (unsigned bit = prefix; bit < (v4 ? 32U : 128U); ++bit)
    bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] & ~(0x80U >> (bit % 8)));
  const auto parsed = Cidr::parse(address_of(bytes, v4 ? AF_INET : AF_INET6).ip_text() + "/" + std::to_string(prefix));
  RC_PRE(parsed.has_value());  // a mapped one may be too short
  return *parsed;
}

TEST(NetworksProperties, contain_what_one_of_them_contains) {
  EXPECT_TRUE(rc::check("contains() is any_of(Cidr::contains)", [] {
    std::vector<Cidr> some;
    const int count = *rc::gen::inRange(0, 12);
    for (int i = 0; i < count; ++i) some.push_back(any_network());
    const Networks list(some);
    RC_ASSERT(std::ranges::equal(list, some));
    // The borders are where a mistake would show.
    for (const Cidr& each : some) {
      for (const IpBytes& at : {each.first(), each.last()}) {
        for (const IpBytes& bytes : {at, neighbour(at, each.family(), true), neighbour(at, each.family(), false)}) {
          const Address address = address_of(bytes, each.family());
          RC_ASSERT(list.contains(address) == any_contains(some, address));
          RC_ASSERT(list.contains(mapped(address)) == any_contains(some, mapped(address)));
        }
      }
      RC_ASSERT(each.contains(address_of(each.first(), each.family())));
      RC_ASSERT(each.contains(address_of(each.last(), each.family())));
    }
  }));
}

}  // namespace
}  // namespace lastbyte::net
