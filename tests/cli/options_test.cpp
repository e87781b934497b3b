// The program and its documents have the same flags.
#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "tests/cli/program.h"

namespace lastbyte::cli {
namespace {

std::set<std::string> matches(const std::string& text, const std::string& pattern) {
  const std::regex flag(pattern);
  std::set<std::string> found;
  for (auto match = std::sregex_iterator(text.begin(), text.end(), flag); match != std::sregex_iterator(); ++match) {
    found.insert((*match)[1].str());
  }
  return found;
}

std::set<std::string> flags_of(const std::vector<Command>& commands) {
  std::set<std::string> flags{"help", "version"};
  for (const Command& command : commands)
    for (const Option& option : command.options) flags.insert(option.flag);
  return flags;
}

/// The commands without a manual page of their own.
std::vector<Command> in_the_manual() {
  return {proxy_command(), import_command(), demo_command(), heartbeat_command()};
}

TEST(Options, are_all_in_the_manual_and_no_others) {
  EXPECT_EQ(matches(document("lastbyte.1"), "\\.It Fl (?:h , Fl )?-([a-z-]+)"), flags_of(in_the_manual()));
}

TEST(Options, are_all_in_configuration_md_and_no_others) {
  EXPECT_EQ(matches(document("configuration.md"), "`(?:lastbyte )?--([a-z-]+)"),
            flags_of({proxy_command(), import_command(), demo_command()}));
}

TEST(Options, the_manual_shows_values_as_help_does) {
  const std::string manual = document("lastbyte.1");
  for (const Command& command : in_the_manual()) {
    for (const Option& option : command.options) {
      const std::string value = option.placeholder.empty() ? "" : " Ar " + option.placeholder;
      EXPECT_NE(manual.find(".It Fl -" + option.flag + value + "\n"), std::string::npos) << option.flag;
    }
  }
}

}  // namespace
}  // namespace lastbyte::cli
