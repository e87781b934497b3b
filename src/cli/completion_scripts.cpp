#include "cli/completion.h"

namespace lastbyte::cli {

namespace {

/// The possible values of an option, as far as its placeholder says.
struct Values {
  bool files = false;
  std::vector<std::string> words;  ///< some of the possible words; may be empty
};

std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t end = std::min(text.find(at, begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

/// Reads a placeholder: "keep|abort" are literal words, "FILE" is a file, "DURATION" is nothing that a shell can
/// complete.
Values values_of(const Option& option) {
  Values values;
  for (const std::string& part : split(option.placeholder, '|')) {
    if (part == "FILE" || part == "PATH" || part == "DIRECTORY") values.files = true;
    const bool given = !part.empty() && std::ranges::all_of(part, [](char c) {
      return c == '-' || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    });
    if (given) values.words.push_back(part);
  }
  return values;
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

/// Returns the first sentence of a help text, without its full stop.
std::string first_sentence(const std::string& help) {
  const std::string first = help.substr(0, help.find(". "));
  return first.ends_with('.') ? first.substr(0, first.size() - 1) : first;
}

std::string replaced(const std::string& text, char what, const std::string& by) {
  std::string out;
  for (const char each : text) out += each == what ? by : std::string(1, each);
  return out;
}

/// Quotes the text in single quotes for bash and zsh.
std::string shell_quoted(const std::string& text) { return "'" + replaced(text, '\'', "'\\''") + "'"; }

std::string long_flag(const Option& option) { return "--" + option.flag; }
std::string short_flag(const Option& option) { return std::string("-") + option.letter; }

std::vector<std::string> names_of(std::span<const Command> commands) {
  std::vector<std::string> names;
  for (const Command& command : commands) names.push_back(command.name);
  return names;
}

/// Returns the command's options, with --help added if the table lacks it.
std::vector<Option> options_of(const Command& command) {
  std::vector<Option> options = command.options;
  if (std::ranges::none_of(options, [](const Option& each) { return each.flag == "help"; }))
    options.push_back({.flag = "help", .placeholder = "", .help = "Print this help and exit.", .group = ""});
  return options;
}

// bash --------------------------------------------------------------------------------------------------------------

/// Returns the completion of the value after a flag: one line of the case over the previous word.
std::string bash_value(const Option& option) {
  if (option.placeholder.empty() || !option.value_needed) return "";
  std::string out = "        " + long_flag(option);
  if (option.letter != 0) out += "|" + short_flag(option);
  const Values values = values_of(option);
  if (values.files) return out + ") _lastbyte_files; return ;;\n";
  if (!values.words.empty()) return out + ") _lastbyte_words " + shell_quoted(joined(values.words)) + "; return ;;\n";
  return out + ") return ;;\n";
}

std::string bash_command(const Command& command) {
  std::string values;
  std::vector<std::string> flags;
  for (const Option& option : options_of(command)) {
    values += bash_value(option);
    flags.push_back(long_flag(option));
  }
  std::string out = "    " + command.name + ")\n";
  if (!values.empty()) out += "      case $before in\n" + values + "      esac\n";
  if (!command.words.empty())
    out += "      if ((COMP_CWORD == 2)) && [[ $word != -* ]]; then _lastbyte_words " +
           shell_quoted(joined(command.words)) + "; return; fi\n";
  out += "      if [[ $word == -* || $word == '' ]]; then _lastbyte_words " + shell_quoted(joined(flags)) +
         "; else _lastbyte_files; fi ;;\n";
  return out;
}

std::string bash_script(std::span<const Command> commands) {
  std::string out =
      "# bash completion of lastbyte, made by `lastbyte completion bash`\n"
      "_lastbyte_words() { mapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$word\"); }\n"
      "_lastbyte_files() { compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- \"$word\"); }\n"
      "_lastbyte() {\n"
      "  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
      "  COMPREPLY=()\n"
      "  # --flag=value comes as three words (COMP_WORDBREAKS).\n"
      "  if [[ $word == = ]]; then word=; elif [[ $before == = ]]; then before=${COMP_WORDS[COMP_CWORD-2]}; fi\n"
      "  if ((COMP_CWORD == 1)); then _lastbyte_words " +
      shell_quoted(joined(names_of(commands)) + " --help --version") +
      "; return; fi\n"
      "  case ${COMP_WORDS[1]} in\n";
  for (const Command& command : commands) out += bash_command(command);
  return out + "  esac\n}\ncomplete -F _lastbyte lastbyte\n";
}

// zsh ---------------------------------------------------------------------------------------------------------------

/// Brackets and colons have a meaning in a specification of _arguments.
std::string zsh_text(const std::string& text) {
  return replaced(replaced(replaced(text, '[', "\\["), ']', "\\]"), ':', "\\:");
}

std::string zsh_action(const Values& values) {
  if (values.files) return "_files";
  return values.words.empty() ? " " : "(" + joined(values.words) + ")";
}

std::string zsh_option(const Option& option) {
  const std::string help = "[" + zsh_text(first_sentence(option.help)) + "]";
  std::string value;
  if (!option.placeholder.empty())
    value = (option.value_needed ? ":" : "::") + zsh_text(option.placeholder) + ":" + zsh_action(values_of(option));
  // =: the value is the rest of the word, or the next word. =-: only the rest of the word.
  const std::string equals = option.placeholder.empty() ? "" : option.value_needed ? "=" : "=-";
  std::string out = "        " + shell_quoted("*" + long_flag(option) + equals + help + value) + " \\\n";
  if (option.letter != 0) {
    const std::string plus = option.placeholder.empty() ? "" : option.value_needed ? "+" : "-";
    out += "        " + shell_quoted("*" + short_flag(option) + plus + help + value) + " \\\n";
  }
  return out;
}

std::string zsh_script(std::span<const Command> commands) {
  std::string out =
      "#compdef lastbyte\n"
      "# zsh completion of lastbyte, made by `lastbyte completion zsh`\n"
      "_lastbyte() {\n"
      "  local curcontext=$curcontext state line\n"
      "  local -a commands\n"
      "  commands=(\n";
  for (const Command& command : commands)
    out += "    " + shell_quoted(replaced(command.name, ':', "\\:") + ":" + first_sentence(command.summary)) + "\n";
  out +=
      "  )\n"
      "  _arguments -C '(- *)--help[Print help and exit]' '(- *)--version[Print the version and exit]' \\\n"
      "    '1:command:->command' '*::argument:->argument'\n"
      "  case $state in\n"
      "    command) _describe command commands ;;\n"
      "    argument)\n"
      "      case $line[1] in\n";
  for (const Command& command : commands) {
    out += "      " + command.name + ")\n        _arguments -s \\\n";
    for (const Option& option : options_of(command)) out += zsh_option(option);
    if (!command.words.empty()) out += "        " + shell_quoted("1: :(" + joined(command.words) + ")") + " \\\n";
    out += "        '*: :_files' ;;\n";
  }
  // As a file of $fpath, the script is the body of the function at its first call. Read by `source`, it only registers
  // the function.
  return out +
         "      esac ;;\n  esac\n}\n"
         "if [[ $funcstack[1] == _lastbyte ]]; then _lastbyte \"$@\"; else compdef _lastbyte lastbyte; fi\n";
}

// fish --------------------------------------------------------------------------------------------------------------

std::string fish_quoted(const std::string& text) {
  return "'" + replaced(replaced(text, '\\', "\\\\"), '\'', "\\'") + "'";
}

std::string fish_option(const std::string& command, const Option& option) {
  std::string out = "complete -c lastbyte -n '__fish_seen_subcommand_from " + command + "' -l " + option.flag;
  if (option.letter != 0) out += std::string(" -s ") + option.letter;
  const Values values = values_of(option);
  if (!option.placeholder.empty() && option.value_needed) out += values.files ? " -r -F" : " -x";
  if (!values.words.empty()) out += " -a " + fish_quoted(joined(values.words));
  return out + " -d " + fish_quoted(first_sentence(option.help)) + "\n";
}

std::string fish_script(std::span<const Command> commands) {
  std::string out =
      "# fish completion of lastbyte, made by `lastbyte completion fish`\n"
      "complete -c lastbyte -n __fish_use_subcommand -f -l help -d 'Print help and exit'\n"
      "complete -c lastbyte -n __fish_use_subcommand -f -l version -d 'Print the version and exit'\n";
  for (const Command& command : commands) {
    out += "complete -c lastbyte -n __fish_use_subcommand -f -a " + command.name + " -d " +
           fish_quoted(first_sentence(command.summary)) + "\n";
    if (!command.words.empty())
      out += "complete -c lastbyte -n '__fish_seen_subcommand_from " + command.name + "'" +
             (command.operands == 1 ? " -f" : "") + " -a " + fish_quoted(joined(command.words)) + "\n";
    for (const Option& option : options_of(command)) out += fish_option(command.name, option);
  }
  return out;
}

}  // namespace

std::string completion_script(Shell shell, std::span<const Command> commands) {
  switch (shell) {
    case Shell::bash: return bash_script(commands);
    case Shell::zsh: return zsh_script(commands);
    case Shell::fish: return fish_script(commands);
  }
  return {};
}

}  // namespace lastbyte::cli
