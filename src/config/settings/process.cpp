// Settings of the process: threads, limits, users and session records.
#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "config/settings/table.h"
#include "config/values/names.h"
#include "config/values/numbers.h"
#include "net/address/syslog.h"

namespace lastbyte::config {

namespace {

using std::chrono::milliseconds;

/// An endpoint, `auto`, or `none`.
Codec<AdminListen> admin_listen_codec() {
  const Codec<net::Endpoint> door = door_codec();
  return {.placeholder = door.placeholder,
          .expects = door.expects + ", auto, or none",
          .parse = [parse = door.parse](std::string_view text) -> tl::expected<AdminListen, std::string> {
            if (text == "auto") return AdminListen{};
            if (text == kNoneWord) return AdminListen{.automatic = false, .at = std::nullopt};
            return parse(text)
                .map([](const net::Endpoint& at) { return AdminListen{.automatic = false, .at = at}; })
                .map_error([](const std::string& wrong) { return wrong + ", auto, or none"; });
          },
          .print =
              [print = door.print](const AdminListen& listen) {
                return listen.at ? print(*listen.at) : std::string(listen.automatic ? "auto" : kNoneWord);
              }};
}

void add_running(Table& table) {
  const Heading heading = Heading::process;
  table.add<Config>(
      heading, "workers", with_word(count_codec<unsigned>(1, 1024), "auto", 0U),
      [](auto& c) -> auto& { return c.workers; }, "Number of threads that forward data. auto is one for each CPU.");
  table.add<Config>(
      heading, "io",
      choice_codec<Io>("epoll|io-uring|auto",
                       {{"epoll", Io::epoll}, {"io-uring", Io::io_uring}, {"auto", Io::automatic}}),
      [](auto& c) -> auto& { return c.io; },
      "How threads send small messages. epoll uses one system call for each. io-uring sends those of all sessions that "
      "are ready together in one system call, which takes less CPU with many busy peers on the same machine. auto uses "
      "io-uring if the "
      "kernel allows it, and epoll otherwise; the log names the choice. Sessions end the same way with both.");
  table.add<Config>(
      heading, "trace",
      choice_codec<Trace>("auto|on|off", {{"auto", Trace::automatic}, {"on", Trace::on}, {"off", Trace::off}}),
      [](auto& c) -> auto& { return c.trace; },
      "Whether session records tell which end reset a connection, and the kernel's reason. lastbyte then loads a "
      "program "
      "into the kernel at the start (BPF; Linux 6.10, CAP_BPF and CAP_PERFMON) and asks only for connections that end "
      "badly. auto goes on without if it does not load; with on the start fails.");
  table.add<Config>(
      heading, "max-sessions", or_none(count_codec<std::uint32_t>(1, kMostCount)),
      [](auto& c) -> auto& { return c.max_sessions; },
      "Maximum number of concurrent sessions of the whole process; further clients wait in the backlog. none allows as "
      "many as the limit of descriptors does.");
  table.add<Config>(
      heading, "drain", duration_codec(milliseconds(0), kLongest), [](auto& c) -> auto& { return c.drain; },
      "Time limit for sessions to finish after a stop is requested. lastbyte then resets the rest.");
  table.add<Config>(
      heading, "bind-retry", duration_codec(milliseconds(0), kLongest), [](auto& c) -> auto& { return c.bind_retry; },
      "At the start, how long to retry listening if an address or port is in use, or if an address, an interface, a "
      "network namespace or a directory does not exist yet. With 0s the first failure is an error.");
  table.add<Config>(
      heading, "shutdown-delay", duration_codec(milliseconds(0), kLongest),
      [](auto& c) -> auto& { return c.shutdown_delay; },
      "How long lastbyte goes on accepting clients after a stop is requested, while /readyz already fails, so that a "
      "load balancer sends new clients elsewhere. A second signal ends the delay.");
  table.add<Config>(
      heading, "user", word_or_none_codec("USER", "a user's name or number", 32),
      [](auto& c) -> auto& { return c.user; },
      "User to switch to after the listeners are bound. none keeps the current user.");
  table.add<Config>(
      heading, "group", word_or_none_codec("GROUP", "a group's name or number", 32),
      [](auto& c) -> auto& { return c.group; },
      "Group to switch to after the listeners are bound. none switches to the user's own group.");
}

/// RFC 5424, 6.2.1, without those of the kernel and of syslog itself.
Codec<std::uint8_t> facility_codec() {
  std::vector<std::pair<std::string, std::uint8_t>> choices{{"user", 1}, {"daemon", 3}};
  for (std::uint8_t local = 0; local < 8; ++local) {
    const auto code = static_cast<std::uint8_t>(16 + local);
    choices.emplace_back("local" + std::to_string(local), code);
  }
  return choice_codec<std::uint8_t>("FACILITY", choices);
}

bool uses_syslog(const Log& log) {
  return net::parse_syslog_receiver(log.target).has_value() || net::parse_syslog_receiver(log.messages).has_value();
}

void add_destinations(Table& table) {
  const Heading heading = Heading::log;
  table.add<Config>(
      heading, "log.target", with_word(log_target_codec(), "off", std::string("off")),
      [](auto& c) -> auto& { return c.log.target; },
      "Destination of session records. syslog is the receiver at /dev/log; other receivers have a path, or a numeric "
      "address and port. A file's path contains a '/'; lastbyte opens the file again on SIGUSR1.");
  table.add<Config>(
      heading, "log.messages", log_target_codec(), [](auto& c) -> auto& { return c.log.messages; },
      "Destination of messages for the operator. Messages that cannot be written there, and those "
      "about a start that fails, go to standard error.");
  table.add<Config>(
      heading, "log.format",
      choice_codec<LogFormat>("text|json", {{"text", LogFormat::text}, {"json", LogFormat::json}}),
      [](auto& c) -> auto& { return c.log.format; },
      "Format of session records and of messages for the operator: text for one readable line each, json for one JSON "
      "object a line.");
  const auto has_syslog = [](const Config& c) { return uses_syslog(c.log); };
  needs<Config>(table.add<Config>(
                    heading, "log.facility", facility_codec(), [](auto& c) -> auto& { return c.log.facility; },
                    "Facility of syslog messages."),
                "log.target", has_syslog);
  needs<Config>(table.add<Config>(
                    heading, "log.app-name", word_codec("NAME", "up to 48 printable characters without spaces", 48),
                    [](auto& c) -> auto& { return c.log.app_name; }, "Name of the application in syslog messages."),
                "log.target", has_syslog);
}

void add_log(Table& table) {
  const Heading heading = Heading::log;
  add_destinations(table);
  table.add<Config>(
      heading, "log.level",
      choice_codec<LogLevel>("error|warning|info|debug", {{"error", LogLevel::error},
                                                          {"warning", LogLevel::warning},
                                                          {"info", LogLevel::info},
                                                          {"debug", LogLevel::debug}}),
      [](auto& c) -> auto& { return c.log.level; }, "Least important level of messages for the operator.");
  const auto is_kept = [](const Config& c) { return c.log.target != "off"; };
  needs<Config>(table.add<Config>(
                    heading, "log.sessions",
                    choice_codec<LogSessions>(
                        "all|failures|none",
                        {{"all", LogSessions::all}, {"failures", LogSessions::failures}, {"none", LogSessions::none}}),
                    [](auto& c) -> auto& { return c.log.sessions; },
                    "Sessions that have a record: all, those that did not end as complete, or none."),
                "log.target", is_kept);
  const auto of_all = [is_kept](Setting& row) {
    needs<Config>(row, "log.target", is_kept);
    needs<Config>(row, "log.sessions", [](const Config& c) { return c.log.sessions == LogSessions::all; });
  };
  of_all(table.add<Config>(
      heading, "log.sample", share_codec(), [](auto& c) -> auto& { return c.log.sample; },
      "Share of the complete sessions that have a record, chosen by a hash of the session's number. Other sessions "
      "always have one."));
  of_all(table.add<Config>(
      heading, "log.begin", bool_codec(), [](auto& c) -> auto& { return c.log.begin; },
      "Whether a session also has a record when it begins. Of the sessions of log.sample only."));
  of_all(table.add<Config>(
      heading, "log.every",
      with_word(duration_codec(milliseconds(1000), kLongest), std::string(kNoneWord), Duration(0)),
      [](auto& c) -> auto& { return c.log.every; },
      "How often an open session has a record of what it has done so far. Of the sessions of log.sample only."));
  Setting& ignore_empty = table.add<Config>(
      heading, "log.ignore-empty", bool_codec(), [](auto& c) -> auto& { return c.log.ignore_empty; },
      "Whether probes have no record: sessions in which the client sent nothing, was sent nothing, and left with a FIN "
      "or a reset, while nothing failed. lastbyte counts them (lastbyte_sessions_ignored_total).");
  needs<Config>(ignore_empty, "log.target", is_kept);
  needs<Config>(ignore_empty, "log.sessions", [](const Config& c) { return c.log.sessions != LogSessions::none; });
}

void add_doors(Table& table) {
  const Heading heading = Heading::doors;
  table.add<Config>(
      heading, "metrics.listen", or_none(door_codec()), [](auto& c) -> auto& { return c.doors.metrics; },
      "Endpoint that serves /metrics (Prometheus), /healthz and /readyz over HTTP, to any client. It changes nothing.");
  table.add<Config>(
      heading, "admin.listen", admin_listen_codec(), [](auto& c) -> auto& { return c.doors.admin; },
      "Endpoint of the administration interface (openapi.yaml) over HTTP. A UNIX socket admits root and the user that "
      "lastbyte runs as. A tcp endpoint needs admin.token-file. auto is a UNIX socket in the runtime directory: "
      "$RUNTIME_DIRECTORY, /run/lastbyte for root, or $XDG_RUNTIME_DIR/lastbyte.");
  table.add<Config>(
      heading, "admin.token-file", path_or_none_codec(), [](auto& c) -> auto& { return c.doors.token_file; },
      "File with the token that clients of a tcp endpoint must send: one line of 16 to 256 characters, readable by its "
      "owner only. lastbyte reads it at the start.");
  table.add<Config>(
      heading, "dashboard.listen", or_none(door_codec()), [](auto& c) -> auto& { return c.doors.dashboard; },
      "Endpoint of the dashboard, a web page over HTTP. A tcp endpoint needs admin.token-file, with which a user logs "
      "in.");
}

}  // namespace

void add_process(Table& table) {
  add_running(table);
  add_log(table);
  add_doors(table);
}

}  // namespace lastbyte::config
