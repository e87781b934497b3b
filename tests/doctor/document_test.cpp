// docs/doctor.md and the manual have the program's rules. To update them, run this test with LASTBYTE_UPDATE_DOCS=1.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <span>
#include <sstream>
#include <string>
#include <vector>

#include "doctor/rules/rules.h"

namespace lastbyte::doctor {
namespace {

struct Subject {
  const char* title;
  std::span<const Rule> rules;
};
std::vector<Subject> subjects() {
  return {{"Settings", setting_rules()},
          {"Nearly exhausted resources, and missing permissions", capacity_rules()},
          {"Counters", counter_rules()},
          {"Sockets", socket_rules()},
          {"One process", process_rules()}};
}

std::string link(std::string_view documentation) {
  const std::string text(documentation);
  if (text.starts_with("https:")) return "<" + text + ">";
  return text.ends_with(".md") ? "[" + text + "](" + text + ")" : text;
}

bool is_prose(std::string_view command) { return command.front() >= 'A' && command.front() <= 'Z'; }

std::string in_markdown() {
  std::string text;
  for (const Subject& subject : subjects()) {
    text += "### " + std::string(subject.title) + "\n\n";
    for (const Rule& rule : subject.rules) {
      const std::string command(rule.command);
      text += "#### " + std::string(rule.id) + "\n\n";
      text += "**" + std::string(severity_word(rule.severity)) + "**: " + std::string(rule.title) + " " +
              std::string(rule.consequence) + "\n\n";
      text += "- When: " + std::string(rule.condition) + "\n";
      text += "- Mend: " + (is_prose(command) ? command : "`" + command + "`") + "\n";
      text += "- More: " + link(rule.documentation) + "\n\n";
    }
  }
  return text;
}

/// mdoc(7) needs each sentence on a line of its own.
std::string in_lines(std::string_view text) {
  std::string lines(text);
  for (std::size_t at = 0; (at = lines.find(". ", at)) != std::string::npos; ++at)
    if (at + 2 < lines.size() && is_prose(std::string_view(lines).substr(at + 2))) lines[at + 1] = '\n';
  return lines;
}

std::string in_mdoc() {
  std::string text;
  for (const Subject& subject : subjects()) {
    text += ".Ss " + std::string(subject.title) + "\n.Bl -tag -width Ds\n";
    for (const Rule& rule : subject.rules)
      text += ".It Cm " + std::string(rule.id) + " Pq " + std::string(severity_word(rule.severity)) + "\n" +
              std::string(rule.title) + "\n" + in_lines(rule.condition) + "\n";
    text += ".El\n";
  }
  return text;
}

void expect_between(const std::string& path, std::string_view begin_mark, std::string_view end_mark,
                    const std::string& wanted) {
  std::ostringstream there;
  there << std::ifstream(path).rdbuf();
  std::string text = there.str();
  const std::size_t begin = text.find(begin_mark);
  const std::size_t end = text.find(end_mark);
  ASSERT_NE(begin, std::string::npos) << path;
  ASSERT_NE(end, std::string::npos) << path;
  text.replace(begin + begin_mark.size(), end - begin - begin_mark.size(), wanted);
  if (std::getenv("LASTBYTE_UPDATE_DOCS") != nullptr) {
    std::ofstream(path) << text;
    return;
  }
  EXPECT_EQ(there.str(), text) << "stale: run this test with LASTBYTE_UPDATE_DOCS=1";
}

TEST(DoctorRules, are_those_of_the_document) {
  expect_between(LASTBYTE_SOURCE_DIR "/docs/doctor.md", "<!-- rules -->\n", "<!-- end -->\n", in_markdown());
}

TEST(DoctorRules, are_those_of_the_manual) {
  expect_between(LASTBYTE_SOURCE_DIR "/docs/lastbyte-doctor.1", ".\\\" rules\n", ".\\\" end\n", in_mdoc());
}

}  // namespace
}  // namespace lastbyte::doctor
