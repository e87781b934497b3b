// T13: how full the local ports towards a destination are, and when the operator is told.
#include "upstream/port_space.h"

#include <gtest/gtest.h>

#include <vector>

namespace lastbyte::upstream {
namespace {

using Sources = std::vector<net::Source>;

constexpr net::PortRange kUsual{32768, 60999};

net::Address at(const char* ip, std::uint16_t port = 0) { return *net::Address::parse(ip, port); }

TEST(PortSpace, T13_each_source_address_has_all_ports) {
  EXPECT_EQ(ports_available(kUsual, Sources{}), 28232U) << "the kernel chooses the address, and it is one";
  EXPECT_EQ(ports_available(kUsual, Sources{at("10.0.0.1")}), 28232U);
  EXPECT_EQ(ports_available(kUsual, Sources{at("10.0.0.1"), at("10.0.0.2"), at("10.0.0.3")}), 84696U);
}

TEST(PortSpace, T13_a_source_with_a_port_makes_one_connection) {
  EXPECT_EQ(ports_available(kUsual, Sources{at("10.0.0.1", 1), at("10.0.0.1", 2)}), 2U);
  EXPECT_EQ(ports_available(kUsual, Sources{at("10.0.0.1"), at("10.0.0.1", 1), at("10.0.0.1", 2)}), 28234U);
}

TEST(PortSpace, T13_a_source_with_a_range_has_the_ports_of_the_range) {
  const net::Source ranged(at("10.0.0.1"), net::PortRange{40000, 40009});
  EXPECT_EQ(ports_available(kUsual, Sources{ranged}), 10U);
  EXPECT_EQ(ports_available(kUsual, Sources{ranged, at("10.0.0.2"), at("10.0.0.3", 1)}), 28243U);
}

TEST(PortSpace, is_told_in_percent_rounded_down) {
  EXPECT_EQ((PortSpace{0, 10}).percent(), 0U);
  EXPECT_EQ((PortSpace{799, 1000}).percent(), 79U);
  EXPECT_EQ((PortSpace{10, 10}).percent(), 100U);
  EXPECT_EQ((PortSpace{12, 10}).percent(), 120U) << "others may use ports outside of the range";
  EXPECT_EQ((PortSpace{0, 0}).percent(), 100U) << "where there is no port there is none left";
}

TEST(PortAlarm, T13_rings_once_above_eighty) {
  PortAlarm alarm;
  EXPECT_FALSE(alarm.rings({80, 100}));
  EXPECT_FALSE(alarm.is_raised());
  EXPECT_TRUE(alarm.rings({81, 100}));
  EXPECT_TRUE(alarm.is_raised());
  EXPECT_FALSE(alarm.rings({100, 100}));
}

TEST(PortAlarm, T13_rings_again_only_after_it_was_below_seventy) {
  PortAlarm alarm;
  EXPECT_TRUE(alarm.rings({90, 100}));
  EXPECT_FALSE(alarm.rings({70, 100}));
  EXPECT_FALSE(alarm.rings({90, 100})) << "it was not below";
  EXPECT_FALSE(alarm.rings({69, 100}));
  EXPECT_FALSE(alarm.is_raised());
  EXPECT_TRUE(alarm.rings({90, 100}));
}

}  // namespace
}  // namespace lastbyte::upstream
