// `lastbyte import lxd`: converts another program's configuration.
#include "config/lxd/import.h"

#include <unistd.h>

#include <cstdio>

#include "base/file.h"
#include "cli/subcommands.h"
#include "config/values/numbers.h"

namespace lastbyte::cli {

namespace {

constexpr std::string_view kPidFlag = "pid";
constexpr const char* kStdin = "stdin";

void tell(const std::string& what) { std::fprintf(stderr, "lastbyte import: %s\n", what.c_str()); }

/// Devices may be right alone and wrong together: for example, two that listen on one port. The places are those of the
/// printed text.
std::vector<config::Problem> problems_of(const std::string& yaml) {
  if (yaml.empty()) return {};
  return config::load_yaml(yaml, "stdout").problems;
}

int import_text(const std::string& text, const std::string& name, std::optional<std::uint32_t> pid) {
  const config::Imported made = config::import_lxd(text, name, pid);
  // The word PID in place of a number does not load. Any number loads, and stands in the same place.
  const std::string loadable = pid ? made.yaml : config::import_lxd(text, name, 1).yaml;
  const std::vector<config::Problem> wrong = problems_of(loadable);
  for (const config::Problem& note : made.notes) tell("note: " + note.text());
  for (const config::Problem& problem : made.problems) tell(problem.text());
  for (const config::Problem& problem : wrong) tell(problem.text());
  std::fputs(made.yaml.c_str(), stdout);
  return made.problems.empty() && wrong.empty() ? kExitOk : kExitUsage;
}

/// Returns the pid of the instance's first process; nullopt: not given. The error is a message.
tl::expected<std::optional<std::uint32_t>, std::string> pid_of(const Arguments& arguments) {
  const auto given = arguments.first(kPidFlag);
  if (!given) return std::nullopt;
  if (arguments.count(kPidFlag) > 1) return tl::unexpected<std::string>("--pid: given twice; expected once");
  const auto pid = config::parse_count(*given, 1, INT32_MAX);
  if (!pid) return tl::unexpected("--pid: '" + *given + "': " + pid.error());
  return static_cast<std::uint32_t>(*pid);
}

int run_import(const Arguments& arguments) {
  const std::vector<std::string>& operands = arguments.operands();
  if (operands.empty()) return usage_error("import", "the program is missing; expected lxd or incus");
  if (operands.front() != "lxd" && operands.front() != "incus")
    return usage_error("import", "'" + operands.front() + "': expected lxd or incus");
  const auto pid = pid_of(arguments);
  if (!pid) return usage_error("import", pid.error());
  const bool from_stdin = operands.size() < 2 || operands[1] == "-";
  if (from_stdin && ::isatty(STDIN_FILENO) == 1)
    return usage_error("import", "nothing to read; expected FILE, or devices on standard input");
  const Result<std::string> text = from_stdin ? read_open_file(STDIN_FILENO, kStdin) : read_file(operands[1]);
  if (!text) {
    tell(text.error().text());
    return kExitUsage;
  }
  return import_text(*text, from_stdin ? kStdin : operands[1], *pid);
}

}  // namespace

Command import_command() {
  return {
      .name = "import",
      .summary = "Make a configuration of the proxy devices of LXD or Incus.",
      .usage = "import lxd [--pid PID] [FILE]",
      .notes =
          "Reads what `lxc config device show`, `lxc config show --expanded` or `lxc profile show` prints, from FILE "
          "or standard input, and prints a configuration for lastbyte proxy. Differences are notes on standard error "
          "and comments in the configuration. incus means the same as lxd.\n"
          "Exit status: 0 if every proxy device was converted, 2 if not.\n"
          "Example: lxc config show web --expanded | lastbyte import lxd --pid 4711 >web.yaml",
      .options = {{.flag = std::string(kPidFlag),
                   .placeholder = "PID",
                   .help = "The instance's first process (`lxc info INSTANCE` prints it). The configuration enters its "
                           "namespaces. Without this flag, the configuration has the word PID for you to fill in.",
                   .group = "General"}},
      .run = run_import,
      .operands = 2,
      .words = {"lxd", "incus"}};
}

}  // namespace lastbyte::cli
