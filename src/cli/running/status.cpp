// `lastbyte status`: prints one screen about the running instance.
#include <cstdio>

#include "admin/client/client.h"
#include "cli/subcommands.h"
#include "console/print.h"

namespace lastbyte::cli {

namespace {

int run_status(const Arguments& arguments) {
  const auto socket = admin::find_socket(arguments.first("socket"));
  if (!socket) return not_answered("status", socket.error().text());
  const auto answer = admin::ask(*socket, {.target = "/v1/status"});
  if (!answer || answer->status != 200)
    return not_answered("status", answer ? console::error_text(answer->body) : answer.error().text());
  const auto status = console::status_text(answer->body);
  if (!status) return not_answered("status", status.error().text());
  std::fputs((arguments.has("json") ? answer->body : status->text).c_str(), stdout);
  return status->problems.empty() ? kExitOk : kExitFailed;
}

}  // namespace

int not_answered(std::string_view command, const std::string& why) {
  std::fprintf(stderr, "lastbyte %.*s: %s\n", static_cast<int>(command.size()), command.data(), why.c_str());
  return kExitUsage;
}

Option socket_option() {
  return {.flag = "socket",
          .placeholder = "PATH",
          .help = "The UNIX socket of the instance, as in admin.listen. Default: that of the only running instance.",
          .group = "General"};
}

Command status_command() {
  return {.name = "status",
          .summary = "Show the state of the running lastbyte on one screen.",
          .usage = "status [--json] [--socket PATH]",
          .notes =
              "Exit status: 0 if lastbyte is healthy. 1 if it is not ready, its last reload failed, it has dropped "
              "session records, or no member of a group is up; the screen says which. 2 if no instance or several "
              "run, or it does not answer.",
          .options = {{.flag = "json", .placeholder = "", .help = "Print the answer as JSON.", .group = "General"},
                      socket_option()},
          .run = run_status};
}

}  // namespace lastbyte::cli
