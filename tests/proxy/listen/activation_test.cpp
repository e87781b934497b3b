#include "proxy/listen/activation.h"

#include <gtest/gtest.h>

#include "tests/proxy/listen/passed.h"

namespace lastbyte::proxy {
namespace {

net::Address at(const char* ip, std::uint16_t port) { return *net::Address::parse(ip, port); }

PassedSocket passed(const char* name, const net::Address& address, bool dual_stack = false) {
  return {nullptr, name, address, dual_stack};
}

TEST(Activation, a_socket_goes_to_the_forwarding_of_its_address) {
  const std::vector<Wanted> wanted{{"a", {at("127.0.0.1", 80)}}, {"b", {at("::1", 81), at("127.0.0.1", 81)}}};
  const auto owners = match(only(passed("lastbyte.socket", at("127.0.0.1", 81))), wanted);
  ASSERT_TRUE(owners) << owners.error().text();
  EXPECT_EQ(*owners, std::vector<std::size_t>{1});
}

TEST(Activation, a_socket_goes_to_the_forwarding_of_its_name_wherever_it_is_bound) {
  const std::vector<Wanted> wanted{{"a", {at("127.0.0.1", 80)}}, {"b", {at("127.0.0.1", 81)}}};
  const auto owners = match(only(passed("b", at("127.0.0.1", 80))), wanted);
  ASSERT_TRUE(owners) << owners.error().text();
  EXPECT_EQ(*owners, std::vector<std::size_t>{1}) << "the name outranks the address";
}

TEST(Activation, a_socket_that_belongs_nowhere_is_an_error_that_says_what_was_expected) {
  const auto owners = match(only(passed("web.socket", at("127.0.0.1", 90))), {{"a", {at("127.0.0.1", 80)}}});
  ASSERT_FALSE(owners);
  const std::string text = owners.error().text();
  for (const char* part : {"web.socket", "127.0.0.1:90", "127.0.0.1:80"})
    EXPECT_NE(text.find(part), std::string::npos) << text;
}

TEST(Activation, a_socket_goes_to_the_port_of_its_forwarding_that_it_is_bound_to) {
  const std::vector<Wanted> wanted{{"a", {at("127.0.0.1", 80)}}, {"a", {at("127.0.0.1", 81)}}};
  EXPECT_EQ(match(only(passed("a", at("127.0.0.1", 81))), wanted), std::vector<std::size_t>{1});
  EXPECT_EQ(match(only(passed("x", at("127.0.0.1", 81))), wanted), std::vector<std::size_t>{1});
}

TEST(Activation, of_many_addresses_an_error_names_the_first_few) {
  std::vector<Wanted> wanted;
  for (std::uint16_t port = 1; port <= 1000; ++port) wanted.push_back({"a", {at("127.0.0.1", port)}});
  const auto owners = match(only(passed("web.socket", at("127.0.0.1", 2000))), wanted);
  ASSERT_FALSE(owners);
  const std::string text = owners.error().text();
  EXPECT_NE(text.find("127.0.0.1:8, or 992 more, or FileDescriptorName="), std::string::npos) << text;
}

TEST(Activation, a_socket_on_all_of_ipv6_covers_ipv4_only_where_it_takes_it_too) {
  EXPECT_TRUE(covers(passed("", at("::", 80), true), at("0.0.0.0", 80)));
  EXPECT_TRUE(covers(passed("", at("::", 80), true), at("::", 80)));
  EXPECT_FALSE(covers(passed("", at("::", 80), false), at("0.0.0.0", 80)));
  EXPECT_FALSE(covers(passed("", at("::", 80), true), at("0.0.0.0", 81)));
  EXPECT_FALSE(covers(passed("", at("::", 80), true), at("127.0.0.1", 80)));
}

TEST(Activation, no_sockets_match_nothing_and_that_is_fine) {
  const auto owners = match({}, {{"a", {at("127.0.0.1", 80)}}});
  ASSERT_TRUE(owners);
  EXPECT_TRUE(owners->empty());
}

}  // namespace
}  // namespace lastbyte::proxy
