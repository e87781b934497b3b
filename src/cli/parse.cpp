// Parses the command line with CLI11. No other file includes it.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "base/text.h"
#include "cli/command.h"
#include "config/read/suggest.h"

namespace lastbyte::cli {

namespace {

/// The version comes from the build.
std::string version() { return std::string("lastbyte ") + LASTBYTE_VERSION; }

constexpr std::size_t kPageWidth = 80;
constexpr std::size_t kTextIndent = 8;
constexpr std::size_t kCommandColumn = 14;  // the column of the texts after the commands' names

std::string wrap_lines(const std::string& text, std::size_t width) {
  std::string wrapped;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    if (begin != 0) wrapped += '\n';
    wrapped += wrap(text.substr(begin, end - begin), width);
    begin = end + 1;
  }
  return wrapped;
}

/// Prints each flag on a line of its own with its text indented below, as in a manual: our texts are long.
class Page : public CLI::Formatter {
 public:
  Page(std::string usage, std::size_t column) : usage_(std::move(usage)) { column_width(column); }

  std::string make_usage(const CLI::App* /*app*/, std::string /*name*/) const override {
    std::string text;
    std::size_t begin = 0;
    while (begin < usage_.size()) {
      const std::size_t end = std::min(usage_.find('\n', begin), usage_.size());
      text += (begin == 0 ? "\nUsage: lastbyte " : "       lastbyte ") + usage_.substr(begin, end - begin) + "\n";
      begin = end + 1;
    }
    return text;
  }

  /// Returns the library's text without doubled empty lines.
  std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override {
    return CLI::detail::find_and_replace(CLI::Formatter::make_help(app, std::move(name), mode), "\n\n\n", "\n\n");
  }

 private:
  std::string usage_;
};

/// A command and its counterpart in the library.
struct Built {
  const Command* command = nullptr;
  CLI::App* app = nullptr;
  std::vector<CLI::Option*> options;  ///< in the order of the command's options
};

CLI::Option* add_option(CLI::App& app, const Option& option) {
  const std::string name = "--" + option.flag;
  const std::string help = wrap(option.help, kPageWidth - kTextIndent);
  if (option.placeholder.empty()) return app.add_flag(name, help)->disable_flag_override()->group(option.group);
  // Values stay as written, one per flag: the command interprets them.
  return app.add_option(name, help)
      ->type_name(option.placeholder)
      ->type_size(1)
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false)
      ->group(option.group);
}

Built build(CLI::App& root, const Command& command) {
  Built built{.command = &command,
              .app = root.add_subcommand(command.name, wrap(command.summary, kPageWidth - kCommandColumn)),
              .options = {}};
  built.app->group("Commands");
  built.app->formatter(std::make_shared<Page>(command.usage, kTextIndent));
  built.app->set_help_flag("-h,--help", "Print this help and exit.")->group("General");
  built.app->footer(wrap_lines(command.notes, kPageWidth));
  if (command.run_raw) return built;
  for (const Option& option : command.options) built.options.push_back(add_option(*built.app, option));
  return built;
}

std::vector<std::string> flags_of(const Built& built) {
  std::vector<std::string> flags{"--help"};
  for (const Option& option : built.command->options) flags.push_back("--" + option.flag);
  return flags;
}

std::string did_you_mean(const std::string& wrong, const std::vector<std::string>& known) {
  const auto near = config::nearest(wrong, known);
  return near ? "; did you mean " + *near + "?" : "";
}

int unexpected(const Built& built, const std::string& argument) {
  const std::string& name = built.command->name;
  if (!argument.starts_with('-')) return usage_error(name, "unexpected '" + argument + "'");
  const std::string flag = argument.substr(0, argument.find('='));
  return usage_error(name, "unknown flag " + flag + did_you_mean(flag, flags_of(built)));
}

int no_command(const std::vector<Command>& commands, const CLI::App& root) {
  std::vector<std::string> names;
  std::string listed;
  for (const Command& command : commands) {
    names.push_back(command.name);
    listed += (listed.empty() ? "" : ", ") + command.name;
  }
  const std::vector<std::string> rest = root.remaining();
  if (rest.empty()) return usage_error("", "a command is missing; expected one of " + listed);
  const std::string kind = rest.front().starts_with('-') ? "unknown flag " : "unknown command ";
  return usage_error("", kind + rest.front() + did_you_mean(rest.front(), names) + "; expected one of " + listed);
}

std::string missing_value(const Option& option) {
  return "--" + option.flag + ": the value is missing; expected " + option.placeholder;
}

/// Finds an option whose value is missing: the library then takes the next flag as its value.
const Option* option_without_value(const Built& built) {
  for (std::size_t i = 0; i < built.options.size(); ++i) {
    const Option& option = built.command->options[i];
    if (option.placeholder.empty()) continue;
    for (const std::string& value : built.options[i]->results()) {
      if (value.starts_with("--")) return &option;
    }
  }
  return nullptr;
}

/// Reports what the library could not parse: a flag without its value, or a value where none belongs.
int unreadable(const std::vector<Built>& all, const CLI::ParseError& wrong) {
  const std::string what = wrong.what();
  for (const Built& built : all) {
    if (!built.app->parsed()) continue;
    for (const Option& option : built.command->options) {
      const bool meant = what.starts_with("--" + option.flag + ":") || what.starts_with(option.flag + " ");
      if (!meant) continue;
      const std::string message =
          option.placeholder.empty() ? "--" + option.flag + ": takes no value" : missing_value(option);
      return usage_error(built.command->name, message);
    }
    return usage_error(built.command->name, what);
  }
  return usage_error("", what);
}

/// Takes the arguments that the library left, as operands. Returns the first one that the command does not take;
/// nullopt: it takes all.
std::optional<std::string> too_much(const Built& built, Arguments& arguments) {
  for (const std::string& each : built.app->remaining()) {
    const bool flag = each.starts_with('-') && each != "-";
    if (flag || arguments.operands().size() == built.command->operands) return each;
    arguments.add_operand(each);
  }
  return std::nullopt;
}

int run(const Built& built) {
  Arguments arguments;
  if (const auto wrong = too_much(built, arguments)) return unexpected(built, *wrong);
  for (std::size_t i = 0; i < built.options.size(); ++i) {
    const Option& option = built.command->options[i];
    for (const std::string& value : built.options[i]->results()) {
      arguments.add(option.flag, option.placeholder.empty() ? "" : value);
    }
  }
  return built.command->run(arguments);
}

}  // namespace

int usage_error(std::string_view command, std::string_view message) {
  const std::string program = command.empty() ? "lastbyte" : "lastbyte " + std::string(command);
  std::fprintf(stderr, "%s: %.*s (see %s --help)\n", program.c_str(), static_cast<int>(message.size()), message.data(),
               program.c_str());
  return kExitUsage;
}

int dispatch(const std::vector<Command>& commands, int argc, const char* const* argv) {
  for (const Command& command : commands) {
    if (!command.run_raw || argc < 2 || command.name != argv[1]) continue;
    const std::vector<std::string> arguments(argv + 2, argv + argc);
    return command.run_raw(arguments);
  }
  // "help" and "help COMMAND" are other words for --help.
  std::vector<const char*> words(argv, argv + argc);
  if (argc >= 2 && std::string_view(argv[1]) == "help") {
    words.erase(words.begin() + 1);
    words.push_back("--help");
    return dispatch(commands, static_cast<int>(words.size()), words.data());
  }
  CLI::App root("Forwards TCP, UDP and UNIX sockets to the last byte, and passes on each end.", "lastbyte");
  root.formatter(std::make_shared<Page>("COMMAND [OPTIONS]", kCommandColumn));
  root.set_help_flag("-h,--help", "Print this help and exit; COMMAND --help prints that of a command.");
  root.set_version_flag("--version", version(), "Print the version and exit.");
  // The checks below report extra arguments in our own words.
  root.allow_extras();
  std::vector<Built> all;
  all.reserve(commands.size());
  for (const Command& command : commands) all.push_back(build(root, command));
  try {
    root.parse(argc, argv);
  } catch (const CLI::Success& success) {
    return root.exit(success);
  } catch (const CLI::ParseError& wrong) {
    return unreadable(all, wrong);
  }
  if (!root.remaining().empty()) return no_command(commands, root);
  for (const Built& built : all) {
    if (!built.app->parsed()) continue;
    if (const Option* option = option_without_value(built))
      return usage_error(built.command->name, missing_value(*option));
    return run(built);
  }
  return no_command(commands, root);
}

}  // namespace lastbyte::cli
