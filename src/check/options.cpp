// The command line, as a table of flags.
#include <fnmatch.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <optional>
#include <utility>

#include "check/check.h"
#include "check/scenarios/scenario.h"
#include "check/scenarios/variant.h"
#include "launchers/launchers.h"
#include "net/address/endpoint.h"

namespace lastbyte::check {
namespace {

/// The error of a value; nullopt: the value is good.
using Complaint = std::optional<std::string>;

/// A set of modes, one bit each.
using Modes = unsigned;
constexpr Modes bit(Mode mode) { return 1U << static_cast<unsigned>(mode); }
constexpr Modes kOne = bit(Mode::self) | bit(Mode::command) | bit(Mode::running) | bit(Mode::plain);
constexpr Modes kPlayed = kOne | bit(Mode::peers);
constexpr Modes kAll = kPlayed | bit(Mode::list);

struct Flag {
  const char* name;
  const char* placeholder;  ///< empty: the flag takes no value
  Modes modes;              ///< the modes that accept the flag
  std::string help;
  std::function<Complaint(Options&, const std::string&)> take;
};

template <typename Number>
Complaint take_number(Number& to, const std::string& text, Number least, Number most) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool right = error == std::errc{} && end == text.data() + text.size() && value >= least && value <= most;
  if (!right) return "expected " + std::to_string(least) + " to " + std::to_string(most);
  to = value;
  return std::nullopt;
}

Complaint take_address(net::Address& to, const std::string& text) {
  const bool has_scheme = text.starts_with("tcp:") || text.starts_with("unix:");
  const auto parsed = net::parse_endpoint(has_scheme ? text : "tcp:" + text, net::EndpointUse::connect);
  if (!parsed) return parsed.error().detail;
  if (parsed->count() != 1) return "expected one port";
  const auto found = net::resolve(*parsed);
  if (!found) return found.error().text();
  if (found->front().empty()) return "no address of that name";
  to = found->front().front();
  return std::nullopt;
}

std::vector<std::string> split_list(const std::string& text) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    if (end > begin) parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

Complaint take_signal(int& to, const std::string& text) {
  constexpr std::array<std::pair<const char*, int>, 6> kSignals{
      {{"TERM", SIGTERM}, {"QUIT", SIGQUIT}, {"INT", SIGINT}, {"HUP", SIGHUP}, {"USR1", SIGUSR1}, {"USR2", SIGUSR2}}};
  const std::string name = text.starts_with("SIG") ? text.substr(3) : text;
  const auto found = std::ranges::find(kSignals, name, [](const auto& each) { return std::string(each.first); });
  if (found == kSignals.end()) return "expected TERM, QUIT, INT, HUP, USR1 or USR2";
  to = found->second;
  return std::nullopt;
}

/// Sets the mode. Only one mode can be given.
Complaint take_mode(Options& options, Mode mode) {
  if (options.mode != Mode::help && options.mode != mode)
    return "only one of --self, --command, --proxy, --plain, --peers and --list can be given";
  options.mode = mode;
  return std::nullopt;
}

Complaint take_only(Options& options, const std::string& text) {
  for (std::string& part : split_list(text)) {
    const auto fits = [&](const Scenario& each) {
      return part == each.clause || ::fnmatch(part.c_str(), std::string(each.name).c_str(), 0) == 0;
    };
    if (std::ranges::none_of(scenarios(), fits)) return "no scenario or clause '" + part + "'; --list lists them";
    options.only.push_back(std::move(part));
  }
  return std::nullopt;
}

Complaint take_peers(Options& options, const std::string& text) {
  for (std::string& part : split_list(text)) {
    if (std::ranges::none_of(launchers::all(), [&](const launchers::Launcher& each) { return each.name == part; }))
      return "no launcher '" + part + "'; expected one of " + launchers::names();
    options.peers.push_back(std::move(part));
  }
  return take_mode(options, Mode::peers);
}

Complaint take_variants(Options& options, const std::string& text) {
  for (std::string& part : split_list(text)) {
    if (part == "all") {
      for (const Variant& each : variants()) options.variants.emplace_back(each.name);
      continue;
    }
    if (find_variant(part) == nullptr) return "no variant '" + part + "'; expected all, or some of " + variant_names();
    options.variants.push_back(std::move(part));
  }
  return std::nullopt;
}

Complaint keep(std::string& to, const std::string& text) {
  to = text;
  return text.empty() ? Complaint("it is empty") : std::nullopt;
}

const std::vector<Flag>& flags() {
  using Text = const std::string&;
  static const std::vector<Flag> all = {
      {"self", "", bit(Mode::self), "Grade lastbyte itself, with its default settings.",
       [](Options& o, Text) { return take_mode(o, Mode::self); }},
      {"command", "COMMAND", bit(Mode::command),
       "Start a proxy with this command and grade it. The command must stay in the foreground. Placeholders: "
       "{listen}, {listen_host}, {listen_port}: the address to listen on; {upstream}, {upstream_host}, "
       "{upstream_port}: the address to connect to; {config}: a file made from --config; {directory}: a directory of "
       "its own; {pid}: the process ID of the checker.",
       [](Options& o, Text v) {
         o.command = v;
         return v.empty() ? Complaint("it is empty") : take_mode(o, Mode::command);
       }},
      {"config", "FILE", bit(Mode::command),
       "The template of {config}, with the same placeholders. haproxy and nginx need none.",
       [](Options& o, Text v) { return keep(o.config, v); }},
      {"listen-port", "PORT", bit(Mode::command),
       "The command always listens on this port of 127.0.0.1. Scenarios then run one after another.",
       [](Options& o, Text v) { return take_number<std::uint16_t>(o.listen_port, v, 1, 65535); }},
      {"upstream-port", "PORT", bit(Mode::command), "The command always connects to this port of 127.0.0.1.",
       [](Options& o, Text v) { return take_number<std::uint16_t>(o.upstream_port, v, 1, 65535); }},
      {"stop-signal", "SIGNAL", bit(Mode::command),
       "The signal that asks the proxy for a graceful stop. Default: that of a known proxy (USR1 for haproxy, QUIT for "
       "nginx), else TERM.",
       [](Options& o, Text v) { return take_signal(o.stop_signal, v); }},
      {"proxy", "HOST:PORT", bit(Mode::running),
       "Grade a proxy that already runs and listens at this address; unix:PATH for a UNIX socket.",
       [](Options& o, Text v) {
         const auto wrong = take_address(o.proxy, v);
         return wrong ? wrong : take_mode(o, Mode::running);
       }},
      {"upstream-listen", "HOST:PORT", bit(Mode::running),
       "The address to which that proxy connects. The checker listens there.",
       [](Options& o, Text v) { return take_address(o.upstream, v); }},
      {"pid", "PID", bit(Mode::running), "The process ID of that proxy, to watch its memory and sockets.",
       [](Options& o, Text v) { return take_number<pid_t>(o.pid, v, 1, 1 << 22); }},
      {"plain", "", bit(Mode::plain), "Grade plain TCP, with no proxy between the peers.",
       [](Options& o, Text) { return take_mode(o, Mode::plain); }},
      {"peers", "", bit(Mode::peers),
       "Grade every known proxy that is installed, and print the matrix of scenarios and proxies.",
       [](Options& o, Text) { return take_mode(o, Mode::peers); }},
      {"peer", "NAMES", bit(Mode::peers), "Like --peers, but only for these proxies, separated by commas.", take_peers},
      {"list", "", bit(Mode::list), "List the scenarios; with --markdown, write a page that explains each.",
       [](Options& o, Text) { return take_mode(o, Mode::list); }},
      {"only", "NAMES", kAll,
       "Only scenarios with these names (* and ? as in a shell) or of these clauses, separated by commas.", take_only},
      {"variant", "NAMES", kPlayed,
       "Play these variants, separated by commas: " + variant_names() +
           ", all. Default: with --self and --peers, all that the proxy speaks; else tcp. With --command, the variants "
           "that the command speaks; {listen} and {upstream} are then paths for UNIX sockets.",
       take_variants},
      {"name", "NAME", kOne, "The name of the proxy in reports.", [](Options& o, Text v) { return keep(o.name, v); }},
      {"rounds", "N", kPlayed,
       "Play at most N rounds of each scenario, for a quick look. A fault that occurs only sometimes may then pass.",
       [](Options& o, Text v) { return take_number<std::uint32_t>(o.rounds, v, 1, 1'000'000); }},
      {"repeat", "N", kPlayed, "Repeat everything N times; each time must pass.",
       [](Options& o, Text v) { return take_number<std::uint32_t>(o.repeat, v, 1, 1'000'000); }},
      {"slow", "", kPlayed,
       "Also play the scenarios that take minutes, and more rounds of those that fail only by chance.",
       [](Options& o, Text) {
         o.slow = true;
         return Complaint();
       }},
      {"lossy", "", kPlayed,
       "Also play the scenarios over links with delay, loss and reordering. Needs root, for network namespaces and TUN "
       "devices.",
       [](Options& o, Text) {
         o.lossy = true;
         return Complaint();
       }},
      {"at-once", "N", kPlayed, "Play N scenarios at the same time, if several proxies can be started. Default: 6.",
       [](Options& o, Text v) { return take_number<unsigned>(o.at_once, v, 1, 64); }},
      {"verbose", "", kPlayed, "Show what each peer observed, also for scenarios that passed.",
       [](Options& o, Text) {
         o.verbose = true;
         return Complaint();
       }},
      {"json", "FILE", kPlayed, "Write everything as JSON; - is standard output.",
       [](Options& o, Text v) { return keep(o.json, v); }},
      {"junit", "FILE", kPlayed, "Write the verdicts as JUnit XML.",
       [](Options& o, Text v) { return keep(o.junit, v); }},
      {"markdown", "FILE", kAll,
       "Write the matrix of scenario and proxy as Markdown; with --list, the page that explains the scenarios.",
       [](Options& o, Text v) { return keep(o.markdown, v); }},
      {"html", "FILE", kPlayed, "Write the matrix as a page with a heat map.",
       [](Options& o, Text v) { return keep(o.html, v); }},
      {"svg", "FILE", kPlayed, "Write the heat map as a picture. The page of --markdown then shows it.",
       [](Options& o, Text v) { return keep(o.svg, v); }},
      {"help", "", kAll, "Print this.", [](Options&, Text) { return Complaint(); }},
  };
  return all;
}

net::Transport transport_of(const net::Address& address) {
  return address.is_unix() ? net::Transport::unix_stream : net::Transport::tcp;
}

/// Returns the name of the variant without headers for these two addresses.
std::string_view name_for(const net::Address& proxy, const net::Address& upstream) {
  return std::ranges::find_if(variants(),
                              [&](const Variant& each) {
                                return !each.way.has_header() && each.way.client == transport_of(proxy) &&
                                       each.way.server == transport_of(upstream);
                              })
      ->name;
}

/// Returns the flags that select these modes.
std::string names_of(Modes modes) {
  std::string out;
  for (const auto& [mode, name] :
       {std::pair(Mode::self, "--self"), std::pair(Mode::command, "--command"), std::pair(Mode::running, "--proxy"),
        std::pair(Mode::plain, "--plain"), std::pair(Mode::peers, "--peers"), std::pair(Mode::list, "--list")})
    if ((modes & bit(mode)) != 0) out += (out.empty() ? "" : ", ") + std::string(name);
  return out;
}

Result<Options> consistent(Options options) {
  const auto wrong = [](const char* flag, const char* detail) { return failure(flag, 0, detail); };
  if (options.mode == Mode::help)
    return wrong("nothing to grade", "expected --self, --command, --proxy, --plain, --peers or --list");
  if (options.mode == Mode::running && options.upstream.none())
    return wrong("--proxy", "needs --upstream-listen as well, the address to which the proxy connects");
  if (options.mode == Mode::running) {
    if (options.variants.empty()) options.variants.emplace_back(name_for(options.proxy, options.upstream));
    for (const std::string& name : options.variants)
      if (const Variant& variant = *find_variant(name);
          transport_of(options.proxy) != variant.way.client || transport_of(options.upstream) != variant.way.server)
        return wrong("--variant", "it does not match the addresses of --proxy and --upstream-listen");
  }
  if (options.mode == Mode::command) {
    const launchers::Launcher* known = launchers::find(options.command.substr(0, options.command.find(' ')));
    const bool has_config = !options.config.empty() || (known != nullptr && !known->form({})->config.empty());
    if (options.command.find("{config}") != std::string::npos && !has_config)
      return wrong("--command",
                   "{config} needs --config FILE with its template; only haproxy and nginx have a built-in one");
    if (options.listen_port == 0 && options.command.find("{listen") == std::string::npos && !has_config)
      return wrong("--command",
                   "it does not say where to listen; expected {listen} or {listen_port} in it, or --listen-port");
    if (options.upstream_port == 0 && options.command.find("{upstream") == std::string::npos && !has_config)
      return wrong(
          "--command",
          "it does not say where to connect; expected {upstream} or {upstream_port} in it, or --upstream-port");
  }
  return options;
}

std::string wrapped(const std::string& text, std::size_t indent) {
  constexpr std::size_t kWidth = 80;
  std::string out(indent, ' ');
  std::size_t column = indent;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    if (column > indent && column + 1 + end - begin > kWidth) {
      out += "\n" + std::string(indent, ' ');
      column = indent;
    } else if (column > indent) {
      out += ' ';
      ++column;
    }
    out += text.substr(begin, end - begin);
    column += end - begin;
    begin = end + 1;
  }
  return out + "\n";
}

}  // namespace

Result<Options> parse(std::span<const std::string> arguments) {
  Options options;
  std::vector<const Flag*> given;
  for (std::size_t at = 0; at < arguments.size(); ++at) {
    std::string word = arguments[at];
    if (word == "-h" || word == "--help") return Options{};
    std::optional<std::string> value;
    if (const auto equals = word.find('='); word.starts_with("--") && equals != std::string::npos) {
      value = word.substr(equals + 1);
      word.resize(equals);
    }
    const auto flag =
        std::ranges::find_if(flags(), [&](const Flag& each) { return word == "--" + std::string(each.name); });
    if (flag == flags().end()) return failure("'" + arguments[at] + "'", 0, "no such option; --help lists them");
    given.push_back(&*flag);
    const bool takes_value = flag->placeholder[0] != 0;
    if (!takes_value && value) return failure(word, 0, "it takes no value");
    if (takes_value && !value) {
      if (at + 1 == arguments.size()) return failure(word, 0, std::string("expected ") + flag->placeholder);
      value = arguments[++at];
    }
    if (const auto complaint = flag->take(options, value.value_or("")))
      return failure(word + (takes_value ? " '" + *value + "'" : ""), 0, *complaint);
  }
  if (options.mode != Mode::help)
    for (const Flag* each : given)
      if ((each->modes & bit(options.mode)) == 0)
        return failure("--" + std::string(each->name), 0, "it is only for " + names_of(each->modes));
  return consistent(std::move(options));
}

std::vector<FlagHelp> flags_with_help() {
  std::vector<FlagHelp> all;
  for (const Flag& flag : flags()) all.push_back({flag.name, flag.placeholder, flag.help});
  return all;
}

std::string usage() {
  std::string out =
      "Grade how a TCP proxy ends connections.\n\n"
      "Usage: lastbyte check --self [OPTIONS]\n"
      "       lastbyte check --command COMMAND [--config FILE] [OPTIONS]\n"
      "       lastbyte check --proxy HOST:PORT --upstream-listen HOST:PORT [OPTIONS]\n"
      "       lastbyte check --peers [OPTIONS]\n"
      "       lastbyte check --list\n\nOptions:\n";
  for (const Flag& flag : flags()) {
    out += std::string("  --") + flag.name + (flag.placeholder[0] != 0 ? std::string(" ") + flag.placeholder : "");
    out += "\n" + wrapped(flag.help, 8);
  }
  out += "\n" + wrapped("Known proxies: " + launchers::names() + ".", 0);
  out += wrapped(
      "Exit status: 0 if every scenario that was played passed, 1 if one failed, 2 if nothing could be graded. With "
      "--peers and --peer, only the scenarios of lastbyte itself count: 0 if lastbyte failed none or was not graded.",
      0);
  out += "Example: lastbyte check --command 'haproxy -db -f {config}'\n";
  return out;
}

}  // namespace lastbyte::check
