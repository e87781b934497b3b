#include "net/address/ports.h"

#include <gtest/gtest.h>

namespace lastbyte::net {
namespace {

Ports ports(std::string_view text) {
  const auto parsed = Ports::parse(text, 0);
  EXPECT_TRUE(parsed) << parsed.error();
  return parsed.value_or(Ports{});
}

std::vector<std::uint16_t> each(const Ports& all) {
  std::vector<std::uint16_t> out;
  for (std::size_t index = 0; index < all.count(); ++index) out.push_back(all.at(index));
  return out;
}

struct WrongPorts {
  std::string text;
  std::string expected;
};

TEST(Ports, are_one_a_range_or_a_list_in_the_order_as_written) {
  EXPECT_EQ(each(ports("80")), (std::vector<std::uint16_t>{80}));
  EXPECT_EQ(each(ports("8000-8003")), (std::vector<std::uint16_t>{8000, 8001, 8002, 8003}));
  EXPECT_EQ(each(ports("443,8000-8001,80")), (std::vector<std::uint16_t>{443, 8000, 8001, 80}));
  EXPECT_EQ(each(ports("65534-65535")), (std::vector<std::uint16_t>{65534, 65535}));
  EXPECT_EQ(each(Ports(7)), (std::vector<std::uint16_t>{7}));
  EXPECT_EQ(each(Ports()), (std::vector<std::uint16_t>{}));
}

TEST(Ports, of_the_whole_range_are_counted_without_overflow) {
  EXPECT_EQ(ports("1-65535").count(), 65535U);
  EXPECT_EQ(ports("1-65535").at(65534), 65535);
}

TEST(Ports, print_as_they_were_written) {
  for (const std::string text : {"0", "80", "8000-8010", "443,8000-8010,80", "1-2,4-5,3"}) {
    EXPECT_EQ(ports(text).text(), text);
    EXPECT_EQ(ports(ports(text).text()), ports(text));
  }
}

TEST(Ports, wrong_ones_say_what_was_expected) {
  const std::string range = "; expected 0 to 65535";
  for (const auto& [text, expected] : std::vector<WrongPorts>{
           {"", "the port is ''" + range},
           {"x", "the port is 'x'" + range},
           {"080", "the port is '080'" + range},
           {"65536", "the port is '65536'" + range},
           {"-80", "the port is '-80'" + range},
           {"80-", "the port is ''" + range},
           {"80--90", "the port is '-90'" + range},
           {"80-90-100", "the port is '90-100'" + range},
           {"80-70000", "the port is '70000'" + range},
           {"80,,81", "the port is ''" + range},
           {"80,", "the port is ''" + range},
           {"80, 81", "the port is ' 81'" + range},
           {"80\n", "the port is '80\\x0a'" + range},
           {"90-80", "the range '90-80' ends where it begins or before; expected LOW-HIGH"},
           {"80-80", "the range '80-80' ends where it begins or before; expected LOW-HIGH"},
           {"80,80", "port 80 is given twice; expected each once"},
           {"80-90,85", "port 85 is given twice; expected each once"},
           {"85,80-90", "port 85 is given twice; expected each once"},
           {"80-90,90-95", "port 90 is given twice; expected each once"},
           {"0,80", "port 0, the kernel's choice, stands alone"},
           {"80,0", "port 0, the kernel's choice, stands alone"},
           {"0-1", "port 0, the kernel's choice, stands alone"},
       }) {
    const auto parsed = Ports::parse(text, 0);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error(), expected) << text;
  }
  EXPECT_EQ(Ports::parse("0", 1).error(), "the port is '0'; expected 1 to 65535");
  EXPECT_EQ(Ports::parse("0-5", 1).error(), "the port is '0'; expected 1 to 65535");
}

}  // namespace
}  // namespace lastbyte::net
