// Shell completion offers exactly what --help prints.
#include "cli/completion.h"

#include <regex>
#include <set>

#include "tests/cli/program.h"

namespace lastbyte::cli {
namespace {

const std::vector<std::string> kShells{"bash", "zsh", "fish"};

class Completion : public Program {
 protected:
  /// Returns what bash offers for the last of these words. Like bash, completion splits words at '='.
  std::set<std::string> offered(const std::vector<std::string>& words) {
    std::string line = "COMP_WORDS=(lastbyte";
    for (const std::string& word : words) line += " '" + word + "'";
    const std::string script = write("ask", "source <(" LASTBYTE_PROGRAM " completion bash) || exit 1\n" + line +
                                                ")\nCOMP_CWORD=" + std::to_string(words.size()) +
                                                "\n_lastbyte\nprintf '%s\\n' \"${COMPREPLY[@]}\"\n");
    const std::string out = path("offered");
    EXPECT_EQ(std::system(("bash " + script + " >" + out).c_str()), 0);
    std::set<std::string> all;
    std::ifstream file(out);
    for (std::string each; std::getline(file, each);)
      if (!each.empty()) all.insert(each);
    return all;
  }

  std::set<std::string> flags_in_help(const std::string& command) {
    const std::string help = run(command + " --help").out;
    const std::regex flag("\n +(?:-[A-Za-z0-9], ?)?(--[a-z0-9-]+)");
    std::set<std::string> flags;
    for (auto match = std::sregex_iterator(help.begin(), help.end(), flag); match != std::sregex_iterator(); ++match)
      flags.insert((*match)[1].str());
    return flags;
  }
};

using Words = std::set<std::string>;

TEST_F(Completion, has_each_flag_of_each_command_as_help_has_it) {
  for (const Command& command : all_commands()) {
    const Words flags = flags_in_help(command.name);
    EXPECT_TRUE(flags.contains("--help")) << command.name;
    EXPECT_EQ(offered({command.name, "--"}), flags) << command.name;
  }
}

TEST_F(Completion, has_each_flag_in_every_shell) {
  for (const std::string& shell : kShells) {
    const std::string script = run("completion " + shell).out;
    for (const Command& command : all_commands()) {
      EXPECT_NE(script.find(command.name), std::string::npos) << shell;
      for (const std::string& flag : flags_in_help(command.name)) {
        const std::string there = shell == "fish" ? command.name + "' -l " + flag.substr(2) + " " : flag;
        EXPECT_NE(script.find(there), std::string::npos) << shell << " " << command.name << " " << flag;
      }
    }
  }
}

TEST_F(Completion, offers_commands_flags_words_and_files) {
  const Words commands = offered({""});
  for (const Command& command : all_commands()) EXPECT_TRUE(commands.contains(command.name)) << command.name;
  EXPECT_TRUE(commands.contains("--version"));
  EXPECT_EQ(offered({"pro"}), Words{"proxy"});
  EXPECT_EQ(offered({"proxy", "--lis"}), Words{"--listen"});
  EXPECT_EQ(offered({"proxy", "--early-fin", ""}), (Words{"keep", "abort"}));
  EXPECT_EQ(offered({"proxy", "--early-fin", "=", "k"}), Words{"keep"});
  EXPECT_EQ(offered({"proxy", "--early-fin", "="}), (Words{"keep", "abort"}));
  EXPECT_EQ(offered({"proxy", "--listen", ""}), Words{}) << "no shell knows an endpoint";
  EXPECT_EQ(offered({"completion", ""}), (Words{"bash", "zsh", "fish"}));
  const std::string file = write("with a space.yaml", "");
  EXPECT_EQ(offered({"proxy", "--config", path("with")}), Words{file});
  EXPECT_EQ(offered({"import", "lxd", path("with")}), Words{file});
}

TEST_F(Completion, is_what_each_shell_can_read) {
  for (const std::string& shell : kShells) {
    const std::string script = write("script", run("completion " + shell).out);
    if (std::system(("command -v " + shell + " >/dev/null").c_str()) != 0) {
      std::printf("%s is not installed, and not asked\n", shell.c_str());
      continue;
    }
    EXPECT_EQ(std::system((shell + " -n " + script).c_str()), 0) << shell;
  }
}

TEST_F(Completion, of_an_unknown_shell_is_wrong_usage) {
  expect_usage_error(
      "completion",
      "lastbyte completion: the shell is missing; expected bash, zsh or fish (see lastbyte completion --help)\n");
  expect_usage_error("completion tcsh",
                     "lastbyte completion: 'tcsh': expected bash, zsh or fish (see lastbyte completion --help)\n");
}

}  // namespace
}  // namespace lastbyte::cli
