// cli: the program's face. A subcommand is data and a function: only parse.cpp knows the library that reads command
// lines, which is slow to compile. To add a subcommand, write commands/X.cpp with `Command x_command()`, declare it in
// subcommands.h and name it in all_commands() of completion.cpp.
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

/// Exit statuses, as the manual has them.
inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;  ///< something could not be had or done at run time
inline constexpr int kExitUsage = 2;   ///< the command line or the configuration is wrong; nothing was started

struct Option {
  std::string flag;         ///< without dashes: "listen"
  std::string placeholder;  ///< "ENDPOINT"; empty: the flag stands alone, without a value
  std::string help;
  std::string group;         ///< its heading in --help
  char letter = 0;           ///< 'v' for -v beside --verbose; 0: there is none
  bool value_needed = true;  ///< false: where there is a placeholder, the flag can stand without a value too
};

/// Those of a command's own table (base/options/flags.h).
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

/// The given values, in the order of Command::options.
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
  /// Flag and value; flags that stand alone have an empty one.
  [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& all() const { return given_; }

  void add_operand(std::string operand) { operands_.push_back(std::move(operand)); }
  /// The arguments without a flag; at most Command::operands.
  [[nodiscard]] const std::vector<std::string>& operands() const { return operands_; }

 private:
  std::vector<std::pair<std::string, std::string>> given_;
  std::vector<std::string> operands_;
};

struct Command {
  std::string name;
  std::string summary;                       ///< one line
  std::string usage;                         ///< what follows the program's name, a line each form
  std::string notes;                         ///< after the options: examples, exit statuses; may be empty
  std::vector<Option> options;               ///< --help comes by itself
  std::function<int(const Arguments&)> run;  ///< the result is the exit status
  std::size_t operands = 0;                  ///< how many it takes at most
  std::vector<std::string> words = {};       ///< what the first of them can be, where only words are meant
  /// Instead of run: takes all that follows the command's name, --help included. For tools whose syntax is older than
  /// ours; their options are for the completion of shells alone.
  std::function<int(std::span<const std::string>)> run_raw = {};
};

/// Reads the command line and runs what it asks for; the result is the exit status. Wrong usage is one line on stderr.
int dispatch(const std::vector<Command>& commands, int argc, const char* const* argv);

/// "lastbyte proxy: message" on stderr; the result is kExitUsage.
int usage_error(std::string_view command, std::string_view message);

}  // namespace lastbyte::cli
