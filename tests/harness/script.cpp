#include "tests/harness/script.h"

#include <gtest/gtest.h>

namespace lastbyte::peers {

Script script(std::string_view text) {
  auto parsed = parse_script(text);
  EXPECT_TRUE(parsed) << parsed.error().text();
  return parsed ? *parsed : Script{};
}

}  // namespace lastbyte::peers
