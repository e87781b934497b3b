// `lastbyte ctl`: orders and questions to the running instance.
#include <cstdio>

#include "admin/client/client.h"
#include "cli/subcommands.h"
#include "console/print.h"

namespace lastbyte::cli {

namespace {

using Words = std::vector<std::string>;

/// A request of the administration.
struct Wanted {
  std::string method = "GET";
  std::string target = {};
  std::string body = {};
};

/// An empty target: the words are none.
Wanted wanted(const Words& words) {
  const std::string& first = words.front();
  const auto is = [&](std::string_view word, std::size_t count) { return first == word && words.size() == count; };
  for (const char* what : {"config", "ports", "groups", "forwardings", "log-level"})
    if (is(what, 1)) return {.target = std::string("/v1/") + what};
  if (is("log-level", 2)) return {"PUT", "/v1/log-level", R"({"level":")" + admin::encoded(words[1]) + "\"}"};
  if (is("session", 2)) return {.target = "/v1/sessions/" + admin::encoded(words[1])};
  for (const char* action : {"close", "reset"})
    if (is(action, 2)) return {"POST", "/v1/sessions/" + admin::encoded(words[1]) + "/" + action};
  for (const char* action : {"drain", "disable", "enable"}) {
    if (is(action, 2)) return {"POST", "/v1/forwardings/" + admin::encoded(words[1]) + "/" + action};
    if (is(action, 3))
      return {"POST", "/v1/groups/" + admin::encoded(words[1]) + "/members/" + admin::encoded(words[2]) + "/" + action};
  }
  return {};
}

int run_ctl(const Arguments& arguments) {
  const Words& words = arguments.operands();
  if (words.empty()) return usage_error("ctl", "the order is missing; lastbyte ctl --help lists them");
  const bool events = words.size() == 1 && words.front() == "events";
  const Wanted request = wanted(words);
  if (!events && request.target.empty())
    return usage_error("ctl",
                       "'" + words.front() + "': no such order with so many words; lastbyte ctl --help lists them");
  const auto socket = admin::find_socket(arguments.first("socket"));
  if (!socket) return not_answered("ctl", socket.error().text());
  if (events) {
    const auto followed = admin::follow(*socket, "/v1/events", [](std::string_view line) {
      std::printf("%.*s\n", static_cast<int>(line.size()), line.data());
      std::fflush(stdout);
    });
    return followed ? kExitOk : not_answered("ctl", followed.error().text());
  }
  const auto answer = admin::ask(*socket, request.method, request.target, request.body);
  if (!answer) return not_answered("ctl", answer.error().text());
  if (answer->status >= 300) {
    std::fprintf(stderr, "lastbyte ctl: %s\n", console::error_text(answer->body).c_str());
    return kExitFailed;
  }
  std::fputs(answer->body.c_str(), stdout);
  return kExitOk;
}

}  // namespace

Command ctl_command() {
  return {
      .name = "ctl",
      .summary = "Give an order to the running lastbyte, or ask it something.",
      .usage =
          "ctl drain|disable|enable FORWARDING\n"
          "ctl drain|disable|enable GROUP MEMBER\n"
          "ctl close|reset|session ID\n"
          "ctl log-level [error|warning|info|debug]\n"
          "ctl config|forwardings|groups|ports|events",
      .notes =
          "drain takes no new sessions, disable also resets the old ones, enable takes sessions again. close lets a "
          "session finish for the drain time, reset resets it now. session, forwardings, groups, ports and events "
          "print JSON, config prints YAML.\n"
          "Exit status: 0; 1 if lastbyte refused; 2 if the command line is wrong, or no instance or several were "
          "found.",
      .options = {socket_option()},
      .run = run_ctl,
      .operands = 3,
      .words = {"drain", "disable", "enable", "close", "reset", "session", "log-level", "config", "forwardings",
                "groups", "ports", "events"}};
}

}  // namespace lastbyte::cli
