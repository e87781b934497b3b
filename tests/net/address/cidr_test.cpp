#include "net/address/cidr.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cstring>

#include "net/address/mapped.h"

namespace lastbyte::net {

namespace {

Cidr network(std::string_view text) {
  const auto parsed = Cidr::parse(text);
  EXPECT_TRUE(parsed) << parsed.error().text();
  return parsed.value_or(Cidr{});
}

Address ip(std::string_view text) { return Address::parse(text, 4242).value_or(Address{}); }

struct Row {
  std::string text;
  std::string expected;
};

TEST(Cidr, forms) {
  for (const auto& [text, expected] : std::vector<Row>{
           {"10.0.0.0/8", "10.0.0.0/8"},
           {"0.0.0.0/0", "0.0.0.0/0"},
           {"10.1.2.3", "10.1.2.3"},
           {"10.1.2.3/32", "10.1.2.3"},
           {"192.168.0.128/25", "192.168.0.128/25"},
           {"::/0", "::/0"},
           {"::1", "::1"},
           {"::1/128", "::1"},
           {"2001:DB8::/32", "2001:db8::/32"},
           {"2001:db8:8000::/33", "2001:db8:8000::/33"},
           {"::ffff:10.0.0.0/104", "10.0.0.0/8"},
           {"::ffff:10.1.2.3", "10.1.2.3"},
           {"::ffff:0:0/96", "0.0.0.0/0"},
       }) {
    EXPECT_EQ(network(text).text(), expected);
    EXPECT_EQ(network(network(text).text()), network(text));
  }
}

TEST(Cidr, errors_say_what_is_wrong_and_what_was_expected) {
  const std::string form = "expected a network such as 10.0.0.0/8 or 2001:db8::/32, or a numeric address";
  for (const auto& [text, expected] : std::vector<Row>{
           {"10.0.0.1/8", "bits are set behind the prefix; the network is 10.0.0.0/8"},
           {"10.0.0.128/24", "bits are set behind the prefix; the network is 10.0.0.0/24"},
           {"192.168.255.255/25", "bits are set behind the prefix; the network is 192.168.255.128/25"},
           {"1.2.3.4/0", "bits are set behind the prefix; the network is 0.0.0.0/0"},
           {"2001:db8::1/64", "bits are set behind the prefix; the network is 2001:db8::/64"},
           {"::ffff:10.0.0.1/104", "bits are set behind the prefix; the network is ::ffff:10.0.0.0/104"},
           {"::ffff:0:0/95", "bits are set behind the prefix; the network is ::fffe:0:0/95"},
           {"10.0.0.0/33", "the prefix is '33'; expected 0 to 32"},
           {"::/129", "the prefix is '129'; expected 0 to 128"},
           {"10.0.0.0/", "the prefix is ''; expected 0 to 32"},
           {"10.0.0.0/-1", "the prefix is '-1'; expected 0 to 32"},
           {"10.0.0.0/+8", "the prefix is '+8'; expected 0 to 32"},
           {"10.0.0.0/08", "the prefix is '08'; expected 0 to 32"},
           {"10.0.0.0/8 ", "the prefix is '8 '; expected 0 to 32"},
           {"10.0.0.0/8/8", "the prefix is '8/8'; expected 0 to 32"},
           {"10.0.0.0/255.0.0.0", "the prefix is '255.0.0.0'; expected 0 to 32"},
           {"10.0.0.0/4294967304", "the prefix is '4294967304'; expected 0 to 32"},
           {"fe80::1%eth0", "a network has no interface; expected it without '%eth0'"},
           {"", form},
           {"/8", form},
           {"10/8", form},
           {"10.0.0.0:80", form},
           {"[::1]", form},
           {"localhost", form},
           {"unix", form},
       }) {
    const auto parsed = Cidr::parse(text);
    ASSERT_FALSE(parsed) << text << " is taken for " << parsed->text();
    EXPECT_EQ(parsed.error().text(), "network '" + text + "': " + expected);
  }
}

TEST(Cidr, first_and_last_address_and_their_neighbours) {
  const Cidr small = network("192.168.0.128/25");
  EXPECT_TRUE(small.contains(ip("192.168.0.128")));
  EXPECT_TRUE(small.contains(ip("192.168.0.255")));
  EXPECT_FALSE(small.contains(ip("192.168.0.127")));
  EXPECT_FALSE(small.contains(ip("192.168.1.0")));
  const Cidr six = network("2001:db8::/33");
  EXPECT_TRUE(six.contains(ip("2001:db8:7fff:ffff::")));
  EXPECT_FALSE(six.contains(ip("2001:db8:8000::")));
  EXPECT_FALSE(six.contains(ip("2001:db7:ffff::")));
  EXPECT_TRUE(network("10.1.2.3").contains(ip("10.1.2.3")));
  EXPECT_FALSE(network("10.1.2.3").contains(ip("10.1.2.2")));
}

TEST(Cidr, families_are_apart_and_mapped_addresses_are_ipv4) {
  EXPECT_FALSE(network("0.0.0.0/0").contains(ip("::1")));
  EXPECT_FALSE(network("::/0").contains(ip("1.2.3.4")));
  EXPECT_TRUE(network("10.0.0.0/8").contains(ip("::ffff:10.1.2.3")));
  EXPECT_FALSE(network("10.0.0.0/8").contains(ip("::ffff:11.1.2.3")));
  EXPECT_FALSE(network("::/0").contains(ip("::ffff:10.1.2.3")));
  EXPECT_TRUE(network("::ffff:10.0.0.0/104").contains(ip("10.1.2.3")));
}

TEST(Cidr, a_scope_does_not_count) { EXPECT_TRUE(network("fe80::/10").contains(ip("fe80::1%1"))); }

TEST(Cidr, nothing_contains_no_address) {
  for (const auto text : {"0.0.0.0/0", "::/0", "::1"}) EXPECT_FALSE(network(text).contains(Address{}));
}

// What holds for all.

Address any_ip() {
  if (*rc::gen::arbitrary<bool>()) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_addr.s_addr = *rc::gen::arbitrary<std::uint32_t>();
    return Address(v4);
  }
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  for (auto& byte : v6.sin6_addr.s6_addr) byte = *rc::gen::arbitrary<std::uint8_t>();
  return Address(v6);
}

unsigned bits(const Address& address) { return address.family() == AF_INET ? 32 : 128; }

unsigned char* ip_bytes(sockaddr_in6& raw) {
  return raw.sin6_family == AF_INET ? reinterpret_cast<unsigned char*>(&raw.sin6_flowinfo) : raw.sin6_addr.s6_addr;
}

/// With the bit inverted, counted from the most significant one. sin_addr stands where sin6_flowinfo does.
Address flipped(const Address& address, unsigned bit) {
  static_assert(offsetof(sockaddr_in, sin_addr) == offsetof(sockaddr_in6, sin6_flowinfo));
  sockaddr_in6 raw{};
  std::memcpy(&raw, address.data(), address.size());
  ip_bytes(raw)[bit / 8] ^= static_cast<unsigned char>(0x80U >> (bit % 8));
  return Address::from_kernel(reinterpret_cast<sockaddr*>(&raw), sizeof raw);
}

/// The network of that size around an address, by way of the error that names it.
Cidr around(const Address& address, unsigned prefix) {
  const std::string text = address.ip_text() + "/" + std::to_string(prefix);
  const auto parsed = Cidr::parse(text);
  if (parsed) return *parsed;
  const std::string& detail = parsed.error().detail;
  const std::string named = "the network is ";
  RC_ASSERT(detail.find(named) != std::string::npos);
  const auto right = Cidr::parse(detail.substr(detail.find(named) + named.size()));
  RC_ASSERT(right.has_value());
  return *right;
}

TEST(CidrProperties, exactly_the_bits_of_the_prefix_count) {
  EXPECT_TRUE(rc::check("a flipped bit leaves the network if and only if it is in the prefix", [] {
    const Address address = any_ip();
    RC_PRE(unmapped(address) == address);
    const auto prefix = *rc::gen::inRange(0U, bits(address) + 1);
    const auto bit = *rc::gen::inRange(0U, bits(address));
    const Address other = flipped(address, bit);
    RC_PRE(unmapped(other) == other);
    const Cidr cidr = around(address, prefix);
    RC_ASSERT(cidr.contains(address));
    RC_ASSERT(cidr.contains(mapped(address)));
    RC_ASSERT(cidr.contains(other) == (bit >= prefix));
  }));
}

TEST(CidrProperties, every_network_survives_being_written_and_read) {
  EXPECT_TRUE(rc::check("parse(text(network)) == network", [] {
    const Address address = any_ip();
    const Cidr cidr = around(address, *rc::gen::inRange(0U, bits(address) + 1));
    const auto again = Cidr::parse(cidr.text());
    RC_ASSERT(again.has_value());
    RC_ASSERT(*again == cidr);
  }));
}

TEST(CidrProperties, no_text_breaks_the_parser) {
  EXPECT_TRUE(rc::check("parse never crashes", [] {
    const auto near = rc::gen::container<std::string>(rc::gen::elementOf(std::string("0129.:f/%")));
    const std::string text = *rc::gen::oneOf(rc::gen::arbitrary<std::string>(), near);
    const auto parsed = Cidr::parse(text);
    if (parsed) {
      RC_ASSERT(Cidr::parse(parsed->text()) == *parsed);
    } else {
      RC_ASSERT(!parsed.error().detail.empty());
    }
  }));
}

}  // namespace
}  // namespace lastbyte::net
