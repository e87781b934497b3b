#include "trace/instances.h"

#include <gtest/gtest.h>

namespace lastbyte::trace {
namespace {

using namespace std::string_view_literals;

TEST(TraceInstances, a_forwarder_is_told_from_other_commands_by_its_command_line) {
  EXPECT_TRUE(is_forwarder("/usr/bin/lastbyte\0proxy\0--config\0x.yaml\0"sv));
  EXPECT_TRUE(is_forwarder("lastbyte\0proxy\0"sv));
  EXPECT_FALSE(is_forwarder("lastbyte\0sock\0proxy\0"sv));
  EXPECT_FALSE(is_forwarder("lastbyte\0"sv));
  EXPECT_FALSE(is_forwarder("nginx\0proxy\0"sv));
  EXPECT_FALSE(is_forwarder(""sv));
}

}  // namespace
}  // namespace lastbyte::trace
