// cli: the command line. A subcommand is data and a function: only parse.cpp includes the library that reads command
// lines, which is slow to compile. To add a subcommand, write commands/X.cpp with `Command x_command()`, declare it in
// subcommands.h and add it to all_commands() in completion.cpp.
#pragma once

#include <algorithm>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lastbyte::cli {

/// Exit statuses, as in the manual.
inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;  ///< something failed at run time
inline constexpr int kExitUsage = 2;   ///< the command line or the configuration is wrong, and nothing was started

struct Option {
  std::string flag;         ///< without dashes: "listen"
  std::string placeholder;  ///< "ENDPOINT"; empty: the flag takes no value
  std::string help;
  std::string group;         ///< its heading in --help
  char letter = 0;           ///< 'v' for -v besides --verbose; 0: none
  bool value_needed = true;  ///< false: the flag has a placeholder, but its value may be omitted
};

/// Converts a command's own table of flags (base/options/flags.h).
template <typename Flags>
std::vector<Option> options_of(const Flags& flags) {
  std::vector<Option> all;
  for (const auto& flag : flags)
    all.push_back({.flag = std::string(flag.name),
                   .placeholder = std::string(flag.placeholder),
                   .help = std::string(flag.help),
                   .group = std::string(flag.group)});
  return all;
}

/// The given flags and values, in the order of Command::options.
class Arguments {
 public:
  void add(std::string flag, std::string value) { given_.emplace_back(std::move(flag), std::move(value)); }

  [[nodiscard]] bool has(std::string_view flag) const { return first(flag).has_value(); }
  [[nodiscard]] std::optional<std::string> first(std::string_view flag) const {
    const auto found = std::find_if(given_.begin(), given_.end(), [&](const auto& each) { return each.first == flag; });
    if (found == given_.end()) return std::nullopt;
    return found->second;
  }
  [[nodiscard]] std::size_t count(std::string_view flag) const {
    return static_cast<std::size_t>(
        std::count_if(given_.begin(), given_.end(), [&](const auto& each) { return each.first == flag; }));
  }
  /// Flags and values; a flag without a value has an empty one.
  [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& all() const { return given_; }

  void add_operand(std::string operand) { operands_.push_back(std::move(operand)); }
  /// The arguments without a flag; at most Command::operands of them.
  [[nodiscard]] const std::vector<std::string>& operands() const { return operands_; }

 private:
  std::vector<std::pair<std::string, std::string>> given_;
  std::vector<std::string> operands_;
};

struct Command {
  std::string name;
  std::string summary;                       ///< one line
  std::string usage;                         ///< the text after the program's name, one line per form
  std::string notes;                         ///< the text after the options: examples, exit statuses; may be empty
  std::vector<Option> options;               ///< without --help, which every command has
  std::function<int(const Arguments&)> run;  ///< returns the exit status
  std::size_t operands = 0;                  ///< the most operands that it takes
  std::vector<std::string> words = {};       ///< the possible first operands, if they are fixed words
  /// Replaces `run`: gets everything after the command's name, including --help. For tools whose syntax is older than
  /// ours. Their options serve only the completion of shells.
  std::function<int(std::span<const std::string>)> run_raw = {};
};

/// Reads the command line and runs the command. Returns the exit status. A usage error prints one line on stderr.
int dispatch(const std::vector<Command>& commands, int argc, const char* const* argv);

/// Prints "lastbyte proxy: message" on stderr and returns kExitUsage.
int usage_error(std::string_view command, std::string_view message);

}  // namespace lastbyte::cli
