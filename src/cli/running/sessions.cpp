// `lastbyte sessions`: prints the open sessions of the running instance, one per line.
#include <array>
#include <cstdio>

#include "admin/client/client.h"
#include "cli/subcommands.h"
#include "console/print.h"

namespace lastbyte::cli {

namespace {

/// The flags that are parameters of /v1/sessions.
constexpr std::array<std::string_view, 8> kParameters{"forwarding", "client", "upstream", "state",
                                                      "sort",       "order",  "limit",    "offset"};

int run_sessions(const Arguments& arguments) {
  std::string target = "/v1/sessions";
  for (const std::string_view name : kParameters)
    if (const auto value = arguments.first(name))
      target += (target.find('?') == std::string::npos ? "?" : "&") + std::string(name) + "=" + admin::encoded(*value);
  const auto socket = admin::find_socket(arguments.first("socket"));
  if (!socket) return not_answered("sessions", socket.error().text());
  const auto answer = admin::ask(*socket, {.target = target});
  if (!answer || answer->status != 200)
    return not_answered("sessions", answer ? console::error_text(answer->body) : answer.error().text());
  const auto text = arguments.has("json") ? Result<std::string>(answer->body) : console::sessions_text(answer->body);
  if (!text) return not_answered("sessions", text.error().text());
  std::fputs(text->c_str(), stdout);
  return kExitOk;
}

}  // namespace

Command sessions_command() {
  const std::string group = "General";
  return {
      .name = "sessions",
      .summary = "List the open sessions of the running lastbyte, both sockets of a session on a line.",
      .usage = "sessions [OPTIONS]",
      .notes = "Exit status: 0; 2 if a value is wrong, no instance or several run, or it does not answer.",
      .options =
          {{.flag = "forwarding", .placeholder = "NAME", .help = "Sessions of this forwarding.", .group = group},
           {.flag = "client",
            .placeholder = "ADDRESS",
            .help = "Sessions of clients with this address, or in this network.",
            .group = group},
           {.flag = "upstream",
            .placeholder = "ADDRESS",
            .help = "Sessions with upstreams of this address, or in this network.",
            .group = group},
           {.flag = "state",
            .placeholder = "connecting|open|half_closed|lingering|flushing",
            .help = "Sessions in this state.",
            .group = group},
           {.flag = "sort",
            .placeholder = "id|age|idle|received|rate|half_close_age|unacknowledged",
            .help = "The key to sort by. Default: id.",
            .group = group},
           {.flag = "order", .placeholder = "asc|desc", .help = "Default: desc.", .group = group},
           {.flag = "limit",
            .placeholder = "COUNT",
            .help = "Print at most this many sessions, up to 5000. Default: 100.",
            .group = group},
           {.flag = "offset", .placeholder = "COUNT", .help = "Skip this many sessions. Default: 0.", .group = group},
           {.flag = "json", .placeholder = "", .help = "Print the answer as JSON.", .group = group},
           socket_option()},
      .run = run_sessions};
}

}  // namespace lastbyte::cli
