// Which of the existing places a new configuration keeps.
#include "proxy/listen/places.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <set>

#include "net/socket/listen_options.h"

namespace lastbyte::proxy {
namespace {

namespace gen = rc::gen;

net::Address at(std::uint16_t port, const char* ip = "127.0.0.1") { return *net::Address::parse(ip, port); }

WantedPlace wanted(const std::string& forwarding, const net::Address& address) {
  return {forwarding, 0, net::Transport::tcp, address, {}};
}

Place place(const std::string& forwarding, const net::Address& wanted_at, const net::Address& address) {
  return {wanted(forwarding, wanted_at), address, {}, false};
}

/// Generates few different values, so that they often coincide.
net::ListenOptions any_options() {
  net::ListenOptions options;
  options.socket.interface = *gen::element<std::string>("", "lo");
  if (*gen::arbitrary<bool>()) options.socket.send_buffer = 4096;
  options.backlog = *gen::element(1, 2);
  return options;
}

std::string any_name() { return *gen::element<std::string>("a", "b", "c"); }

std::vector<Place> any_places() {
  std::vector<Place> all;
  for (const int port : *gen::unique<std::vector<int>>(gen::inRange(1, 9))) {
    const bool chosen = *gen::arbitrary<bool>();
    const auto here = at(static_cast<std::uint16_t>(port));
    all.push_back(place(any_name(), chosen ? at(0) : here, here));
    all.back().as.options = any_options();
    all.back().as.transport = *gen::element(net::Transport::tcp, net::Transport::udp);
    all.back().passed = *gen::inRange(0, 5) == 0;
  }
  return all;
}

std::vector<WantedPlace> any_wanted() {
  std::vector<WantedPlace> all;
  for (const int port : *gen::container<std::vector<int>>(gen::inRange(0, 9))) {
    all.push_back(wanted(any_name(), at(static_cast<std::uint16_t>(port))));
    all.back().options = any_options();
    all.back().transport = *gen::element(net::Transport::tcp, net::Transport::udp);
  }
  return all;
}

std::vector<const Place*> pointers(const std::vector<Place>& places) {
  std::vector<const Place*> all;
  for (const Place& each : places) all.push_back(&each);
  return all;
}

std::vector<std::optional<std::string>> same_names(const std::vector<WantedPlace>& all) {
  std::vector<std::optional<std::string>> names;
  for (const WantedPlace& each : all) names.emplace_back(each.forwarding);
  return names;
}

RC_GTEST_PROP(Claim, is_for_one_that_can_become_what_is_wanted_and_never_twice, ()) {
  const auto places = any_places();
  const auto all = any_wanted();
  const auto claims = claim(pointers(places), all, same_names(all));
  RC_ASSERT(claims.size() == all.size());
  std::set<std::size_t> taken;
  for (std::size_t index = 0; index < all.size(); ++index) {
    if (!claims[index]) continue;
    const Place& given = places.at(*claims[index]);
    RC_ASSERT(taken.insert(*claims[index]).second);
    RC_ASSERT(!given.passed);
    RC_ASSERT(given.as.transport == all[index].transport);
    RC_ASSERT(net::can_change(given.as.transport, given.as.options, all[index].options));
    const bool chosen = all[index].address.port() == 0 && given.as.address == all[index].address &&
                        given.as.forwarding == all[index].forwarding;
    RC_ASSERT(given.address == all[index].address || chosen);
  }
}

RC_GTEST_PROP(Claim, leaves_nothing_that_could_have_been_had, ()) {
  const auto places = any_places();
  const auto all = any_wanted();
  const auto claims = claim(pointers(places), all, same_names(all));
  for (std::size_t index = 0; index < all.size(); ++index) {
    if (claims[index]) continue;
    for (std::size_t each = 0; each < places.size(); ++each) {
      const Place& free = places[each];
      if (std::ranges::find(claims, std::optional(each)) != claims.end() || free.passed) continue;
      if (free.as.transport != all[index].transport ||
          !net::can_change(free.as.transport, free.as.options, all[index].options))
        continue;
      RC_ASSERT(free.address != all[index].address);
    }
  }
}

RC_GTEST_PROP(Claim, what_is_wanted_as_before_goes_on, ()) {
  auto places = any_places();
  std::vector<WantedPlace> all;
  for (Place& each : places) {
    each.passed = false;
    // Each forwarding has at most one port 0.
    each.as.forwarding = each.address.text();
    all.push_back(each.as);
  }
  const auto claims = claim(pointers(places), all, same_names(all));
  for (std::size_t index = 0; index < all.size(); ++index) RC_ASSERT(claims[index] == index);
}

TEST(Claim, a_port_that_the_kernel_chose_is_for_its_own_forwarding_only) {
  const std::vector<Place> places{place("a", at(0), at(4000))};
  EXPECT_EQ(claim(pointers(places), {wanted("a", at(0))}, {"a"})[0], 0U);
  EXPECT_EQ(claim(pointers(places), {wanted("renamed", at(0))}, {"a"})[0], 0U);
  EXPECT_EQ(claim(pointers(places), {wanted("b", at(0))}, {"b"})[0], std::nullopt);
  EXPECT_EQ(claim(pointers(places), {wanted("a", at(0))}, {std::nullopt})[0], std::nullopt);
  EXPECT_EQ(claim(pointers(places), {wanted("b", at(4000))}, {"b"})[0], 0U) << "named by its number it is anybody's";
}

TEST(Claim, a_place_moves_from_one_forwarding_to_another) {
  const std::vector<Place> places{place("a", at(80), at(80)), place("b", at(81), at(81))};
  const auto claims = claim(pointers(places), {wanted("b", at(80)), wanted("a", at(81))}, {"b", "a"});
  EXPECT_EQ(claims[0], 0U);
  EXPECT_EQ(claims[1], 1U);
}

TEST(Overlap, is_what_the_kernel_would_refuse) {
  const Place all = place("a", at(80, "0.0.0.0"), at(80, "0.0.0.0"));
  const Place one = place("a", at(80), at(80));
  EXPECT_TRUE(overlap(all, wanted("b", at(80))));
  EXPECT_TRUE(overlap(one, wanted("b", at(80, "0.0.0.0"))));
  EXPECT_TRUE(overlap(one, wanted("b", at(80))));
  EXPECT_FALSE(overlap(one, wanted("b", at(80, "127.0.0.2"))));
  EXPECT_FALSE(overlap(all, wanted("b", at(81))));
  EXPECT_FALSE(overlap(all, wanted("b", at(80, "::")))) << "IPV6_V6ONLY";
}

bool is_in_the_way(Place left, const Place& stays) { return !in_the_way({&left}, {&stays}).empty(); }

TEST(InTheWay, T15_is_what_the_kernel_chooses_before_a_socket_that_stays) {
  const Place all = place("a", at(80, "0.0.0.0"), at(80, "0.0.0.0"));
  const Place one = place("a", at(80), at(80));
  EXPECT_TRUE(is_in_the_way(one, all));
  EXPECT_FALSE(is_in_the_way(all, one)) << "an address is chosen before the wildcard";
  EXPECT_FALSE(is_in_the_way(one, one)) << "they share its clients";
  EXPECT_FALSE(is_in_the_way(one, place("a", at(81, "0.0.0.0"), at(81, "0.0.0.0"))));
  EXPECT_FALSE(is_in_the_way(one, place("a", at(80, "::"), at(80, "::")))) << "IPV6_V6ONLY";
  EXPECT_FALSE(is_in_the_way(one, place("a", at(80, "127.0.0.2"), at(80, "127.0.0.2"))));
}

TEST(InTheWay, T15_is_by_interface_and_transport) {
  const Place one = place("a", at(80), at(80));
  Place through_lo = one;
  through_lo.as.options.socket.interface = "lo";
  EXPECT_TRUE(is_in_the_way(one, through_lo));
  EXPECT_TRUE(is_in_the_way(through_lo, one));
  Place through_another = one;
  through_another.as.options.socket.interface = "eth0";
  EXPECT_FALSE(is_in_the_way(through_lo, through_another)) << "no client could come to both";
  Place datagrams = place("a", at(80, "0.0.0.0"), at(80, "0.0.0.0"));
  datagrams.as.transport = net::Transport::udp;
  EXPECT_FALSE(is_in_the_way(one, datagrams));
}

}  // namespace
}  // namespace lastbyte::proxy
