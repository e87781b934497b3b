// The table of docs/doctor.md is that of the rules. To bring it up to date: LASTBYTE_UPDATE_DOCS=1, run this.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "doctor/rules/rules.h"

namespace lastbyte::doctor {
namespace {

constexpr const char* kPath = LASTBYTE_SOURCE_DIR "/docs/doctor.md";
constexpr std::string_view kBegin = "<!-- rules -->\n";
constexpr std::string_view kEnd = "<!-- end -->\n";

std::string table() {
  std::string text = "| id | severity | finding | consequence |\n|---|---|---|---|\n";
  for (const Rule& rule : all_rules())
    text += "| `" + std::string(rule.id) + "` | " + std::string(severity_word(rule.severity)) + " | " +
            std::string(rule.title) + " | " + std::string(rule.consequence) + " |\n";
  return text;
}

TEST(DoctorRules, are_those_of_the_document) {
  std::ostringstream there;
  there << std::ifstream(kPath).rdbuf();
  std::string text = there.str();
  const std::size_t begin = text.find(kBegin) + kBegin.size();
  const std::size_t end = text.find(kEnd);
  ASSERT_NE(end, std::string::npos);
  text.replace(begin, end - begin, table());
  if (std::getenv("LASTBYTE_UPDATE_DOCS") != nullptr) {
    std::ofstream(kPath) << text;
    return;
  }
  EXPECT_EQ(there.str(), text) << "stale: run this test with LASTBYTE_UPDATE_DOCS=1";
}

}  // namespace
}  // namespace lastbyte::doctor
