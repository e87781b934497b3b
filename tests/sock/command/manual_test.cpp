#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "sock/command/option_table.h"

namespace lastbyte::sock {
namespace {

/// Returns the manual's text with roff's "\-" as "-".
std::string manual() {
  std::stringstream text;
  text << std::ifstream(LASTBYTE_SOCK_MANUAL).rdbuf();
  auto out = text.str();
  for (auto at = out.find("\\-"); at != std::string::npos; at = out.find("\\-", at)) out.erase(at, 1);
  return out;
}

TEST(Manual, describes_every_option) {
  const auto page = manual();
  ASSERT_FALSE(page.empty());
  for (const auto& row : option_table()) {
    EXPECT_NE(page.find(std::string("Fl -") + row.name), std::string::npos) << "--" << row.name;
    if (row.letter != 0) {
      EXPECT_NE(page.find(std::string("Fl ") + row.letter), std::string::npos) << "-" << row.letter;
    }
  }
}

/// Returns the option letters in the first cells of a section's table, and checks that each row has a verdict.
std::string letters_of_table(const std::string& heading) {
  std::stringstream text;
  text << std::ifstream(LASTBYTE_SOCK_COURSE).rdbuf();
  std::string letters;
  bool inside = false;
  for (std::string line; std::getline(text, line);) {
    if (line.starts_with("## ")) inside = line == heading;
    if (!inside || !line.starts_with("| `-")) continue;
    const auto end = line.find(" | ");
    for (auto at = line.find("`-"); at < end; at = line.find("`-", at + 1)) letters += line[at + 2];
    const std::string verdict = line.substr(end + 3, line.find(" | ", end + 1) - end - 3);
    EXPECT_TRUE(verdict == "same" || verdict == "different" || verdict == "not offered") << line;
    if (verdict == "not offered") continue;
    // The option that it names here must exist.
    for (auto at = line.find("`-", end); at != std::string::npos; at = line.find("`-", at + 1)) {
      const std::string name = line.substr(at + 1, line.find_first_of(" `", at + 1) - at - 1);
      const auto is = [&](const OptionRow& row) {
        return name == std::string("--") + row.name || name == std::string("-") + row.letter;
      };
      EXPECT_TRUE(std::any_of(option_table().begin(), option_table().end(), is)) << name << " in " << line;
    }
  }
  std::sort(letters.begin(), letters.end());
  return letters;
}

TEST(Course, tells_of_each_option_of_nc) {
  // usage() of netcat.c, OpenBSD 1.219 with Debian's patches.
  EXPECT_EQ(letters_of_table("## Coming from nc"), "46CDFIMNOPSTUVWXZbdhiklmnpqrstuvwxz");
}

TEST(Course, tells_of_each_option_of_stevens_sock) {
  EXPECT_EQ(letters_of_table("## Coming from Stevens' sock"), "ABCDEFGHIJKLNOPQRSTUVWXYZbcfghijklnopqrstuvwxy");
}

}  // namespace
}  // namespace lastbyte::sock
