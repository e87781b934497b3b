// `lastbyte completion bash`: prints the shell's script that completes command lines of lastbyte.
#include "cli/completion.h"

#include <array>
#include <cstdio>
#include <utility>

#include "cli/subcommands.h"

namespace lastbyte::cli {

namespace {

constexpr std::array<std::pair<std::string_view, Shell>, 3> kShells{
    {{"bash", Shell::bash}, {"zsh", Shell::zsh}, {"fish", Shell::fish}}};

Command described() {
  Command command{.name = "completion",
                  .summary = "Print the completion of this program's command lines for a shell.",
                  .usage = "completion bash | zsh | fish",
                  .notes = "Example: source <(lastbyte completion bash)",
                  .options = {},
                  .run = {},
                  .operands = 1};
  for (const auto& [name, shell] : kShells) command.words.emplace_back(name);
  return command;
}

int run_completion(const Arguments& arguments, std::span<const Command> commands) {
  const std::vector<std::string>& operands = arguments.operands();
  if (operands.empty()) return usage_error("completion", "the shell is missing; expected bash, zsh or fish");
  const auto found = std::ranges::find(kShells, operands.front(), [](const auto& each) { return each.first; });
  if (found == kShells.end())
    return usage_error("completion", "'" + operands.front() + "': expected bash, zsh or fish");
  std::fputs(completion_script(found->second, commands).c_str(), stdout);
  return kExitOk;
}

}  // namespace

Command completion_command(std::vector<Command> others) {
  Command command = described();
  others.push_back(command);
  command.run = [all = std::move(others)](const Arguments& arguments) { return run_completion(arguments, all); };
  return command;
}

std::vector<Command> all_commands() {
  std::vector<Command> all{
      proxy_command(),      //
      status_command(),     //
      sessions_command(),   //
      top_command(),        //
      ctl_command(),        //
      check_command(),      //
      sock_command(),       //
      lab_command(),        //
      trace_command(),      //
      doctor_command(),     //
      heartbeat_command(),  //
      import_command(),     //
      demo_command(),       //
  };
  all.push_back(completion_command(all));
  return all;
}

}  // namespace lastbyte::cli
