#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "sock/option_table.h"

namespace lastbyte::sock {
namespace {

/// The manual's text with roff's "\-" as "-".
std::string manual() {
  std::stringstream text;
  text << std::ifstream(LASTBYTE_SOCK_MANUAL).rdbuf();
  auto out = text.str();
  for (auto at = out.find("\\-"); at != std::string::npos; at = out.find("\\-", at)) out.erase(at, 1);
  return out;
}

TEST(Manual, DescribesEveryOption) {
  const auto page = manual();
  ASSERT_FALSE(page.empty());
  for (const auto& row : option_table()) {
    EXPECT_NE(page.find(std::string("Fl -") + row.name), std::string::npos) << "--" << row.name;
    if (row.letter != 0) {
      EXPECT_NE(page.find(std::string("Fl ") + row.letter), std::string::npos) << "-" << row.letter;
    }
  }
}

}  // namespace
}  // namespace lastbyte::sock
