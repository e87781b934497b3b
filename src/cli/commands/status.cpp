// `lastbyte status`: one screen about the running instance.
#include <cstdio>

#include "admin/client/client.h"
#include "cli/subcommands.h"
#include "console/print.h"

namespace lastbyte::cli {

namespace {

int run_status(const Arguments& arguments) {
  const auto socket = admin::find_socket(arguments.first("socket"));
  if (!socket) return not_answered("status", socket.error().text());
  const auto answer = admin::ask(*socket, "GET", "/v1/status");
  if (!answer || answer->status != 200)
    return not_answered("status", answer ? console::error_text(answer->body) : answer.error().text());
  const std::string text = arguments.has("json") ? answer->body : console::status_text(answer->body);
  std::fputs(text.c_str(), stdout);
  return console::is_healthy(answer->body) ? kExitOk : kExitFailed;
}

}  // namespace

int not_answered(std::string_view command, const std::string& why) {
  std::fprintf(stderr, "lastbyte %.*s: %s\n", static_cast<int>(command.size()), command.data(), why.c_str());
  return kExitUsage;
}

Option socket_option() {
  return {.flag = "socket",
          .placeholder = "PATH",
          .help = "The administration's socket of the instance that is meant. Default: that of the one that runs.",
          .group = "General"};
}

Command status_command() {
  return {.name = "status",
          .summary = "Show the state of the running lastbyte on one screen.",
          .usage = "status [--json] [--socket PATH]",
          .notes =
              "Exit status: 0 if it is ready, its last reload succeeded and no session record was dropped; 1 if not; 2 "
              "if no instance or several were found.",
          .options = {{.flag = "json", .placeholder = "", .help = "Print the answer as JSON.", .group = "General"},
                      socket_option()},
          .run = run_status};
}

}  // namespace lastbyte::cli
