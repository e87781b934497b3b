// The reference in docs/ is what the table of settings says. To bring it up to date: LASTBYTE_UPDATE_DOCS=1, run this.
#include "tests/config/settings/reference.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace lastbyte::config {
namespace {

std::string read(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

struct Document {
  std::string path;
  std::string comment_begin;
  std::string comment_end;
  std::string (*part)(Heading);
};

/// `text` with what stands between a heading's two marks replaced by what the table says now.
std::string renewed(std::string text, const Document& document) {
  for (const Heading heading : kHeadings) {
    const std::string name(title(heading));
    const std::string begin = document.comment_begin + "settings: " + name + document.comment_end + "\n";
    const std::string end = document.comment_begin + "end: " + name + document.comment_end + "\n";
    const std::size_t from = text.find(begin);
    const std::size_t to = text.find(end);
    EXPECT_NE(from, std::string::npos) << document.path << " has no place for " << name;
    EXPECT_NE(to, std::string::npos) << document.path << " has no end for " << name;
    if (from == std::string::npos || to == std::string::npos) continue;
    text.replace(from + begin.size(), to - from - begin.size(), document.part(heading));
  }
  return text;
}

/// The first lines that differ; empty: none do.
std::string first_difference(const std::string& is, const std::string& wanted) {
  std::istringstream is_lines(is);
  std::istringstream wanted_lines(wanted);
  std::string is_line;
  std::string wanted_line;
  while (true) {
    const bool is_more = static_cast<bool>(std::getline(is_lines, is_line));
    const bool wanted_more = static_cast<bool>(std::getline(wanted_lines, wanted_line));
    if (!is_more && !wanted_more) return "";
    if (is_more != wanted_more || is_line != wanted_line) {
      return std::string("is: ").append(is_line).append("\nwanted: ").append(wanted_line);
    }
  }
}

void expect_fresh(const Document& document) {
  const std::string path = LASTBYTE_SOURCE_DIR "/docs/" + document.path;
  const std::string text = read(path);
  ASSERT_FALSE(text.empty()) << path;
  const std::string wanted = renewed(text, document);
  if (std::getenv("LASTBYTE_UPDATE_DOCS") != nullptr) std::ofstream(path) << wanted;
  EXPECT_EQ(first_difference(read(path), wanted), "") << "stale: run this test with LASTBYTE_UPDATE_DOCS=1";
}

TEST(Documentation, configuration_md_lists_every_setting_as_it_is) {
  expect_fresh({"configuration.md", "<!-- ", " -->", markdown});
}

TEST(Documentation, the_manual_lists_every_setting_as_it_is) { expect_fresh({"lastbyte.1", ".\\\" ", "", mdoc}); }

TEST(Settings, each_has_its_own_key_and_flag) {
  for (const Setting& setting : settings()) {
    EXPECT_EQ(find_key(setting.key, setting.owner()), &setting) << setting.key;
    EXPECT_EQ(find_flag(setting.flag), setting.flag.empty() ? nullptr : &setting) << setting.flag;
    EXPECT_FALSE(setting.meaning.empty()) << setting.key;
    EXPECT_TRUE(setting.meaning.ends_with('.')) << setting.key;
    std::visit(
        [&](const auto& field) {
          for (const auto& condition : field.conditions) {
            EXPECT_NE(find_key(condition.needs, setting.owner()), nullptr) << condition.needs;
          }
        },
        setting.field);
  }
}

}  // namespace
}  // namespace lastbyte::config
