// `lastbyte ctl`: sends orders and questions to the running instance.
#include <array>
#include <cstdio>
#include <optional>

#include "admin/client/client.h"
#include "base/text.h"
#include "cli/subcommands.h"
#include "config/read/suggest.h"
#include "console/print.h"

namespace lastbyte::cli {

namespace {

using Words = std::vector<std::string>;

struct Order {
  std::string_view word;
  std::size_t least;  ///< the fewest words after it
  std::size_t most;
  std::string_view expected;
};

constexpr std::array<Order, 12> kOrders{{{"drain", 1, 2, "a forwarding, or a group and its member"},
                                         {"disable", 1, 2, "a forwarding, or a group and its member"},
                                         {"enable", 1, 2, "a forwarding, or a group and its member"},
                                         {"close", 1, 1, "the number of a session"},
                                         {"reset", 1, 1, "the number of a session"},
                                         {"session", 1, 1, "the number of a session"},
                                         {"log-level", 0, 1, "error, warning, info or debug, or nothing"},
                                         {"config", 0, 0, "nothing"},
                                         {"forwardings", 0, 0, "nothing"},
                                         {"groups", 0, 0, "nothing"},
                                         {"ports", 0, 0, "nothing"},
                                         {"events", 0, 0, "nothing"}}};

std::vector<std::string> order_words() {
  std::vector<std::string> words;
  for (const Order& each : kOrders) words.emplace_back(each.word);
  return words;
}

bool is_number(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
}

/// Returns what is wrong with the words; empty: nothing.
std::string wrong(const Words& words) {
  const std::string& first = words.front();
  const auto* order = std::ranges::find(kOrders, first, &Order::word);
  if (order == kOrders.end()) {
    const auto near = config::nearest(first, order_words());
    return "unknown order " + in_quotes(first) + (near ? "; did you mean " + *near + "?" : "");
  }
  const std::string expected = "; expected " + std::string(order->expected);
  const std::size_t more = words.size() - 1;
  if (more < order->least) return first + ": a word is missing" + expected;
  if (more > order->most) return first + ": unexpected " + in_quotes(words[order->most + 1]) + expected;
  const bool of_session = first == "close" || first == "reset" || first == "session";
  if (of_session && !is_number(words[1])) return first + ": " + in_quotes(words[1]) + expected;
  const std::array<std::string_view, 4> levels{"error", "warning", "info", "debug"};
  if (first == "log-level" && more == 1 && std::ranges::find(levels, words[1]) == levels.end())
    return first + ": " + in_quotes(words[1]) + expected;
  return {};
}

/// Precondition: wrong() is empty for these words.
admin::ClientRequest plain_request_of(const Words& words) {
  const std::string& first = words.front();
  if (first == "log-level" && words.size() == 2)
    return {.method = "PUT", .target = "/v1/log-level", .body = R"({"level":")" + words[1] + "\"}"};
  if (words.size() == 1) return {.target = "/v1/" + first};
  if (first == "session") return {.target = "/v1/sessions/" + words[1]};
  if (first == "close" || first == "reset")
    return {.method = "POST", .target = "/v1/sessions/" + words[1] + "/" + first};
  const std::string of = words.size() == 2
                             ? "/v1/forwardings/" + admin::encoded(words[1])
                             : "/v1/groups/" + admin::encoded(words[1]) + "/members/" + admin::encoded(words[2]);
  return {.method = "POST", .target = of + "/" + first};
}

/// Returns nullopt if the words name an instance but are not an order.
std::optional<admin::ClientRequest> request_of(const Words& words, const std::optional<std::string>& instance) {
  admin::ClientRequest request = plain_request_of(words);
  if (!instance) return request;
  if (request.method == "GET") return std::nullopt;
  request.target += "?instance=" + admin::encoded(*instance);
  return request;
}

int run_ctl(const Arguments& arguments) {
  const Words& words = arguments.operands();
  if (words.empty()) return usage_error("ctl", "the order is missing");
  if (const std::string what = wrong(words); !what.empty()) return usage_error("ctl", what);
  const auto request = request_of(words, arguments.first("instance"));
  if (!request) return usage_error("ctl", "--instance: " + words.front() + " changes nothing; expected an order");
  const auto socket = admin::find_socket(arguments.first("socket"));
  if (!socket) return not_answered("ctl", socket.error().text());
  if (words.front() == "events") {
    const auto followed = admin::follow(*socket, "/v1/events", [](std::string_view line) {
      std::printf("%.*s\n", static_cast<int>(line.size()), line.data());
      return std::fflush(stdout) == 0;
    });
    return followed ? kExitOk : not_answered("ctl", followed.error().text());
  }
  const auto answer = admin::ask(*socket, *request);
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
      .summary = "Send an order or a question to the running lastbyte.",
      .usage =
          "ctl drain|disable|enable FORWARDING\n"
          "ctl drain|disable|enable GROUP MEMBER\n"
          "ctl close|reset|session ID\n"
          "ctl log-level [error|warning|info|debug]\n"
          "ctl config|forwardings|groups|ports|events",
      .notes =
          "drain accepts no new sessions, disable also resets the present ones, enable accepts sessions again. close "
          "lets a session finish for the drain time, reset resets it now. session, forwardings, groups, ports, "
          "log-level and events print JSON, config prints YAML.\n"
          "Exit status: 0; 1 if lastbyte refused; 2 if the command line is wrong, no instance or several run, or it "
          "does not answer.",
      .options = {{.flag = "instance",
                   .placeholder = "ID",
                   .help =
                       "Carry out the order only if the running lastbyte has this instance ID, which `status --json` "
                       "and `sessions --json` show. After a restart, session numbers begin again.",
                   .group = "General"},
                  socket_option()},
      .run = run_ctl,
      .operands = 3,
      .words = order_words()};
}

}  // namespace lastbyte::cli
