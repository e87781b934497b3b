// Scripts that must be right, for tests.
#pragma once

#include <gtest/gtest.h>

#include <string_view>

#include "check/script.h"

namespace lastbyte::check {

inline Script script(std::string_view text) {
  auto parsed = parse_script(text);
  EXPECT_TRUE(parsed);
  return parsed ? *parsed : Script{};
}

}  // namespace lastbyte::check
