// `lastbyte heartbeat`: both ends of the heartbeats that health checks use.
#include "cli/subcommands.h"
#include "config/values/numbers.h"
#include "probe/heartbeat/beat.h"
#include "probe/tool/heartbeats.h"

namespace lastbyte::cli {

namespace {

constexpr std::string_view kName = "heartbeat";
constexpr std::uint64_t kMostLoad = 10'000;

/// The error is a message.
template <typename Value>
using Read = tl::expected<Value, std::string>;

Read<std::optional<std::string>> once(const Arguments& arguments, std::string_view flag) {
  if (arguments.count(flag) > 1) return tl::unexpected("--" + std::string(flag) + ": given twice; expected once");
  return arguments.first(flag);
}

Read<Duration> duration(const Arguments& arguments, std::string_view flag, Duration otherwise) {
  const auto text = once(arguments, flag);
  if (!text) return tl::unexpected(text.error());
  if (!*text) return otherwise;
  const auto codec = config::duration_codec(Duration(1), heartbeat::kLongestInterval);
  const auto value = codec.parse(**text);
  if (!value) return tl::unexpected("--" + std::string(flag) + ": '" + **text + "': " + value.error());
  return *value;
}

Read<std::optional<std::uint64_t>> number(const Arguments& arguments, std::string_view flag, std::uint64_t least,
                                          std::uint64_t most) {
  const auto text = once(arguments, flag);
  if (!text) return tl::unexpected(text.error());
  if (!*text) return std::nullopt;
  const auto value = config::parse_count(**text, least, most);
  if (!value) return tl::unexpected("--" + std::string(flag) + ": '" + **text + "': " + value.error());
  return *value;
}

Read<net::Endpoint> endpoint(const Arguments& arguments, net::EndpointUse use) {
  if (arguments.operands().size() < 2)
    return tl::unexpected<std::string>("the endpoint is missing; expected tcp:HOST:PORT or unix:PATH");
  auto parsed = net::parse_endpoint(arguments.operands()[1], use);
  if (!parsed) return tl::unexpected(parsed.error().text());
  if (parsed->transport == net::Transport::udp || parsed->count() != 1)
    return tl::unexpected("endpoint '" + arguments.operands()[1] + "': expected tcp with one port, or unix");
  return std::move(*parsed);
}

/// Returns a given flag that belongs to the other operand only.
std::optional<std::string> foreign(const Arguments& arguments, std::initializer_list<std::string_view> flags) {
  for (const std::string_view flag : flags)
    if (arguments.has(flag)) return "--" + std::string(flag) + " has no meaning for " + arguments.operands().front();
  return std::nullopt;
}

int serve(const Arguments& arguments) {
  if (const auto wrong = foreign(arguments, {"count", "timeout"})) return usage_error(kName, *wrong);
  const auto where = endpoint(arguments, net::EndpointUse::listen);
  if (!where) return usage_error(kName, where.error());
  const auto interval = duration(arguments, "interval", Duration(1000));
  if (!interval) return usage_error(kName, interval.error());
  const auto load = number(arguments, "load", 0, kMostLoad);
  if (!load) return usage_error(kName, load.error());
  probe::ServeHeartbeats options{*where, *interval, {}, arguments.has("draining")};
  if (*load) options.load_percent = static_cast<std::uint32_t>(**load);
  return probe::serve_heartbeats(options);
}

int watch(const Arguments& arguments) {
  if (const auto wrong = foreign(arguments, {"load", "draining"})) return usage_error(kName, *wrong);
  const auto where = endpoint(arguments, net::EndpointUse::connect);
  if (!where) return usage_error(kName, where.error());
  const auto interval = duration(arguments, "interval", Duration(1000));
  if (!interval) return usage_error(kName, interval.error());
  const auto timeout = duration(arguments, "timeout", Duration(5000));
  if (!timeout) return usage_error(kName, timeout.error());
  const auto count = number(arguments, "count", 1, UINT32_MAX);
  if (!count) return usage_error(kName, count.error());
  return probe::watch_heartbeats({*where, *interval, *timeout, *count});
}

int run_heartbeat(const Arguments& arguments) {
  const std::vector<std::string>& operands = arguments.operands();
  if (operands.empty()) return usage_error(kName, "expected serve or probe");
  if (operands.front() == "serve") return serve(arguments);
  if (operands.front() == "probe") return watch(arguments);
  return usage_error(kName, "'" + operands.front() + "': expected serve or probe");
}

}  // namespace

Command heartbeat_command() {
  return {
      .name = std::string(kName),
      .summary = "Send heartbeats to health checks, or receive those of a server.",
      .usage =
          "heartbeat serve ENDPOINT [--interval DURATION] [--load PERCENT] [--draining]\n"
          "heartbeat probe ENDPOINT [--interval DURATION] [--timeout DURATION] [--count COUNT]",
      .notes =
          "serve: SIGUSR1 begins to drain, SIGUSR2 ends it, SIGTERM ends the program.\n"
          "probe exits with 1 if the server cannot be reached, closes, or is silent for one and a half\n"
          "of its intervals.",
      .options = {{.flag = "interval",
                   .placeholder = "DURATION",
                   .help = "The longest time between two frames. Expects 1ms to 1h. Default: 1s.",
                   .group = "Options"},
                  {.flag = "load",
                   .placeholder = "PERCENT",
                   .help = "Load that serve reports: 0 to 10000. Default: the machine's load average of one minute, "
                           "for each processor.",
                   .group = "Options"},
                  {.flag = "draining",
                   .placeholder = "",
                   .help = "Begin as a draining server, which requests no new sessions.",
                   .group = "Options"},
                  {.flag = "timeout",
                   .placeholder = "DURATION",
                   .help = "Probe: time to connect to each address. Expects 1ms to 1h. Default: 5s.",
                   .group = "Options"},
                  {.flag = "count",
                   .placeholder = "COUNT",
                   .help = "Probe: exit with 0 after this many frames. Default: until a signal.",
                   .group = "Options"}},
      .run = run_heartbeat,
      .operands = 2,
      .words = {"serve", "probe"}};
}

}  // namespace lastbyte::cli
