// In which order the addresses of a name are tried (RFC 8305).
#include "upstream/address_order.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

namespace lastbyte::upstream {
namespace {

net::Address v4(int number) { return *net::Address::parse("192.0.2." + std::to_string(number), 80); }
net::Address v6(int number) { return *net::Address::parse("2001:db8::" + std::to_string(number), 80); }

TEST(AddressOrder, families_come_in_turn_and_the_resolvers_order_stays) {
  const std::vector<net::Address> all{v6(1), v6(2), v6(3), v4(1), v4(2)};
  const std::vector<net::Address> v6_first{v6(1), v4(1), v6(2), v4(2), v6(3)};
  EXPECT_EQ(interleaved(all, Family::any), v6_first);
  EXPECT_EQ(interleaved(all, Family::prefer_v6), v6_first);
  EXPECT_EQ(interleaved(all, Family::prefer_v4), (std::vector<net::Address>{v4(1), v6(1), v4(2), v6(2), v6(3)}));
  EXPECT_EQ(interleaved(all, Family::only_v4), (std::vector<net::Address>{v4(1), v4(2)}));
  EXPECT_EQ(interleaved(all, Family::only_v6), (std::vector<net::Address>{v6(1), v6(2), v6(3)}));
  EXPECT_TRUE(interleaved({}, Family::any).empty());
}

RC_GTEST_PROP(AddressOrder, nothing_is_lost_and_no_family_waits_for_all_of_the_other, ()) {
  std::vector<net::Address> all;
  int number = 1;
  for (const bool is_v6 : *rc::gen::container<std::vector<bool>>(rc::gen::arbitrary<bool>())) {
    all.push_back(is_v6 ? v6(number % 200) : v4(number % 200));
    ++number;
  }
  const auto order = interleaved(all, *rc::gen::element(Family::any, Family::prefer_v4, Family::prefer_v6));
  RC_ASSERT(order.size() == all.size());
  RC_ASSERT(std::ranges::is_permutation(order, all));
  const auto fewer = static_cast<std::size_t>(std::min(std::ranges::count(all, AF_INET, &net::Address::family),
                                                       std::ranges::count(all, AF_INET6, &net::Address::family)));
  for (std::size_t index = 1; index < 2 * fewer; ++index) RC_ASSERT(order[index].family() != order[index - 1].family());
}

TEST(AddressOrder, the_address_that_worked_last_comes_first) {
  const std::vector<net::Address> all{v6(1), v4(1), v6(2), v4(2)};
  EXPECT_EQ(order_of(all, 0), (std::vector<std::uint32_t>{0, 1, 2, 3}));
  EXPECT_EQ(order_of(all, address_mark(v6(2))), (std::vector<std::uint32_t>{2, 0, 1, 3}));
  EXPECT_EQ(order_of(all, address_mark(v4(9))), (std::vector<std::uint32_t>{0, 1, 2, 3})) << "the name lost it";
  net::Address other_port = v4(2);
  other_port.set_port(81);
  EXPECT_EQ(address_mark(other_port), address_mark(v4(2))) << "a host that is there is there on all ports";
}

}  // namespace
}  // namespace lastbyte::upstream
