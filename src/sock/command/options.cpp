// Parses the command line: getopt_long(3) over the table, then the checks that need all options.
#include <arpa/inet.h>
#include <getopt.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/text.h"
#include "net/address/address.h"
#include "sock/command/option_table.h"
#include "sock/command/sock.h"
#include "sock/command/values.h"

namespace lastbyte::sock {
namespace {

constexpr int kLongOptionBase = 256;  // above every letter: getopt_long(3) returns base + row for a long option

int argument_of(Takes takes) {
  switch (takes) {
    case Takes::nothing: return no_argument;
    case Takes::value: return required_argument;
    case Takes::optional_value: return optional_argument;
  }
  return no_argument;
}

/// Returns the table's letters as getopt_long(3) expects them. With the leading ':', it reports a missing value and an
/// unknown option differently.
std::string letters() {
  std::string out = ":";
  for (const auto& row : option_table()) {
    if (row.letter == 0) continue;
    out += row.letter;
    if (row.takes == Takes::value) out += ':';
  }
  return out;
}

std::vector<option> long_options() {
  std::vector<option> out;
  int at = kLongOptionBase;
  for (const auto& row : option_table()) out.push_back({row.name, argument_of(row.takes), nullptr, at++});
  out.push_back({});
  return out;
}

const OptionRow& row_of(int found) {
  const auto table = option_table();
  if (found >= kLongOptionBase) return table[static_cast<std::size_t>(found - kLongOptionBase)];
  return *std::find_if(table.begin(), table.end(), [&](const auto& row) { return row.letter == found; });
}

std::string name_of(const OptionRow& row) {
  const std::string name = std::string("--") + row.name;
  return row.letter == 0 ? name : std::string("-") + row.letter + ", " + name;
}

/// Returns the error for a complaint of getopt_long(3). optopt is a letter; for a long option it is 0 or the option's
/// value.
Failure refused(int complaint, const std::vector<std::string>& words) {
  if (complaint == ':') return failure(name_of(row_of(optopt)), 0, "a value is missing");
  if (optopt >= kLongOptionBase) return failure(name_of(row_of(optopt)), 0, "it takes no value");
  if (optopt != 0) {
    return failure(std::string("-") + static_cast<char>(optopt), 0, "no such option; --help lists them");
  }
  return failure(words[static_cast<std::size_t>(optind - 1)], 0,
                 "no such option, or an ambiguous abbreviation; see --help");
}

/// Fills in the draft and returns the operands in order.
Result<std::vector<std::string>> read_options(std::vector<std::string> words, Draft& draft) {
  std::vector<char*> arguments;
  for (auto& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const auto named = long_options();
  const auto lettered = letters();
  const int count = static_cast<int>(words.size());
  opterr = 0;
  optind = 0;  // glibc: reset the state of an earlier call
  while (true) {
    const int found = getopt_long(count, arguments.data(), lettered.c_str(), named.data(), nullptr);
    if (found == -1) break;
    if (found == '?' || found == ':') return refused(found, words);
    const auto& row = row_of(found);
    const std::string_view value = optarg != nullptr ? std::string_view(optarg) : std::string_view();
    if (auto applied = row.apply(draft, value); !applied) {
      const auto& error = applied.error();
      return failure(name_of(row) + " " + error.operation, 0, error.detail);
    }
  }
  std::vector<std::string> operands;
  for (int at = optind; at < count; ++at) operands.emplace_back(arguments[static_cast<std::size_t>(at)]);
  return operands;
}

Failure wrong(std::string what, std::string expected) { return failure(std::move(what), 0, std::move(expected)); }

Result<void> take_unix_operands(Draft& draft, const std::vector<std::string>& operands) {
  if (operands.size() != 1) return wrong("-U", "expected one operand: a path, or @NAME");
  if (draft.udp) return wrong("-U with -u", "UNIX datagram sockets are not supported");
  if (draft.scan) return wrong("-U with -z", "only ports can be scanned");
  draft.options.transport = Transport::unix_stream;
  draft.options.path = operands.front();
  constexpr std::size_t longest = 107;  // sun_path without its final 0
  if (draft.options.path.empty() || draft.options.path.size() > longest) {
    return wrong(in_quotes(draft.options.path), "expected a path of 1 to 107 bytes");
  }
  draft.options.local_host = draft.bind;
  return {};
}

/// Takes "[HOST] PORT" or "HOST:PORT"; a server also takes "-p PORT".
Result<void> take_operands(Draft& draft, const std::vector<std::string>& operands) {
  auto& options = draft.options;
  const bool server = options.role == Role::server;
  if (!draft.bind.empty()) {
    const auto local = split_local(draft.bind);
    if (!local) return Failure(local.error());
    options.local_host = local->host;
    options.local_service = local->port;
  }
  if (operands.size() > 2) return wrong(in_quotes(operands[2]), "expected a host and a port, and nothing more");
  if (operands.size() == 2) {
    options.host = operands[0];
    options.service = operands[1];
  } else if (operands.size() == 1) {
    const auto parts = split_host_port(operands[0]);
    if (!parts) return Failure(parts.error());
    const bool has_port = !parts->port.empty();
    options.host = has_port || !server ? parts->host : "";
    options.service = has_port ? parts->port : server ? parts->host : "";
    if (server && !has_port && !draft.port.empty()) std::swap(options.host, options.service);
  }
  if (server && operands.empty()) {
    // a server without operands listens on the address of -b
    options.host = std::exchange(options.local_host, {});
    options.service = std::exchange(options.local_service, {});
  }
  if (server && !draft.port.empty()) {
    if (!options.service.empty()) return wrong("-p " + draft.port, "the port is given twice");
    options.service = draft.port;
  } else if (!draft.port.empty()) {
    if (!options.local_service.empty()) return wrong("-p " + draft.port, "the port is given twice");
    options.local_service = draft.port;
  }
  if (!server && options.host.empty()) return wrong("the host", "expected HOST PORT; see --help");
  if (options.service.empty()) return wrong("the port", server ? "expected [HOST] PORT" : "expected HOST PORT");
  return {};
}

/// Checks a host against -4, -6 and -n. A host of digits and dots must be an IPv4 address.
Result<void> check_host(const Options& options, const std::string& host) {
  if (host.empty()) return {};
  const auto address = net::Address::parse(host, 0);
  if (address) {
    const bool v6 = address->family() == AF_INET6;
    if (options.family == Family::v4 && v6) return wrong(in_quotes(host), "expected an IPv4 address, because of -4");
    if (options.family == Family::v6 && !v6) return wrong(in_quotes(host), "expected an IPv6 address, because of -6");
    return {};
  }
  if (options.numeric) return wrong(in_quotes(host), "expected a numeric address, because of -n");
  // getaddrinfo(3) and inet_aton(3) also accept short forms such as 127.1.
  in_addr any{};
  const bool of_digits = host.find_first_not_of("0123456789.") == std::string::npos;
  if (of_digits && ::inet_aton(host.c_str(), &any) == 0)
    return wrong(in_quotes(host), "expected a name, or an IPv4 address of four numbers from 0 to 255");
  const bool has_scope = host.find('%') != std::string::npos;
  if (host.find(':') != std::string::npos && !has_scope)
    return wrong(in_quotes(host), "expected a name or an address; give the port as a separate argument");
  return {};
}

Result<void> check_hosts(const Options& options) {
  if (options.transport == Transport::unix_stream) return {};
  for (const auto* host : {&options.host, &options.local_host})
    if (auto checked = check_host(options, *host); !checked) return checked;
  const auto peer = net::Address::parse(options.host, 0);
  const auto local = net::Address::parse(options.local_host, 0);
  if (peer && local && peer->family() != local->family())
    return wrong("-b " + in_quotes(options.local_host), "expected an address of the same family as the host's");
  return {};
}

Result<void> check_ports(const Options& options) {
  for (const auto* port : {&options.service, &options.local_service}) {
    if (port->empty()) continue;
    if (!is_numeric_port(*port)) {
      if (options.numeric) return wrong(in_quotes(*port), "expected a number, because of -n");
      continue;
    }
    const auto range = parse_ports(*port);
    if (!range) return Failure(range.error());
    const bool may_be_range = options.role == Role::scan && port == &options.service;
    if (!may_be_range && range->first != range->last) return wrong(in_quotes(*port), "only -z takes a range");
    const bool must_be_named = options.role != Role::server && port == &options.service;
    if (must_be_named && range->first == 0) return wrong(in_quotes(*port), "expected a port from 1 to 65535");
  }
  return {};
}

AtEof default_at_eof(const Options& options) {
  // UDP has no FIN: a source closes when it has sent everything.
  if (options.transport == Transport::udp && options.mode == Mode::source) return AtEof::close;
  switch (options.mode) {
    case Mode::relay: return AtEof::keep;
    case Mode::source: return AtEof::fin;
    case Mode::http: return options.role == Role::server ? AtEof::fin : AtEof::keep;
    case Mode::echo:
    case Mode::sink:
    case Mode::discard: return AtEof::close;
  }
  return AtEof::keep;
}

void derive_defaults(Draft& draft) {
  auto& options = draft.options;
  if (draft.udp) options.transport = Transport::udp;
  if (draft.scan && options.role != Role::server) options.role = Role::scan;
  if (options.concurrent > 1) options.keep_open = true;
  if (options.quit_after && !draft.at_eof) draft.at_eof = AtEof::fin;
  options.at_eof = draft.at_eof.value_or(default_at_eof(options));
  if (options.at_eof == AtEof::reset) options.reset = true;
  const bool as_nc = draft.listen_as_nc && options.mode == Mode::relay;
  options.at_peer_eof = draft.at_peer_eof.value_or(as_nc ? AtPeerEof::close : AtPeerEof::go_on);
  constexpr std::size_t usual = 16384;  // the same as nc
  constexpr std::size_t datagram = 1024;
  const bool datagrams = options.transport == Transport::udp && options.mode == Mode::source;
  options.write_size = draft.write_size.value_or(datagrams ? datagram : usual);
  if (options.verbose) options.report = true;
}

/// Rejects options that contradict each other, or that could have no effect.
Result<void> check(const Draft& draft) {
  const auto& options = draft.options;
  const bool server = options.role == Role::server;
  const bool tcp = options.transport == Transport::tcp;
  const bool udp = options.transport == Transport::udp;
  const struct {
    bool wrong;
    const char* what;
    const char* why;
  } rules[] = {
      {draft.scan && server, "-z with -s or -l", "a scan connects"},
      {draft.scan && options.fast_open, "-z with --fast-open", "a scan sends nothing"},
      {!server && options.keep_open, "-k", "it is for servers: add -s or -l"},
      {!server && options.delays.accept.count() > 0, "--delay-accept", "it is for servers: add -s or -l"},
      {server && !(options.local_host.empty() && options.local_service.empty()), "-b",
       "a server's address is given twice"},
      {options.concurrent > 1 && options.mode == Mode::relay && options.read_input, "--concurrent",
       "standard input cannot go to several clients: add -d, or another --mode"},
      {udp && options.concurrent > 1, "--concurrent with -u", "use -k: UDP has no connections"},
      {udp && options.mode == Mode::http, "--mode=http with -u", "it needs a stream"},
      {udp && options.reset, "--reset with -u", "UDP has no reset"},
      {udp && options.linger.has_value(), "--linger with -u", "UDP has no connection to linger"},
      {udp && options.write_size > 65'507, "--write-size with -u", "a datagram has at most 65507 bytes"},
      {options.count && options.mode != Mode::source, "--count", "it is for --mode=source"},
      {options.count && options.bytes, "--count with --bytes", "give one of the two"},
      {options.bytes && options.mode != Mode::source && options.mode != Mode::http, "--bytes",
       "it is for --mode=source and --mode=http"},
      {options.answer_early && !(options.mode == Mode::http && server), "--early",
       "it is for a server with --mode=http"},
      {!options.read_peer && (options.mode == Mode::echo || options.mode == Mode::http), "--no-read",
       "this mode answers what it reads"},
      {!options.read_peer && options.receive_limit.has_value(), "--no-read with -W", "nothing would be counted"},
      {options.crlf && options.mode != Mode::relay, "--crlf", "it is for standard input, --mode=relay"},
      {!tcp && (options.nodelay || options.keepalive || options.user_timeout || options.max_segment), "-u or -U",
       "--nodelay, --keepalive, --user-timeout and --mss are for TCP"},
      {!tcp && (options.fast_open || options.urgent || options.urgent_inline), "-u or -U",
       "--fast-open, --urgent and --urgent-inline are for TCP"},
      {options.broadcast && !udp, "--broadcast", "it is for -u"},
      {options.transport == Transport::unix_stream &&
           (options.ttl || options.min_ttl || options.tos || options.dont_route),
       "-U", "--ttl, --min-ttl, --tos and --dont-route are for TCP and UDP"},
      {options.transport == Transport::unix_stream && (options.family != Family::any || !draft.port.empty()), "-U",
       "-4, -6 and -p are for TCP and UDP"},
  };
  for (const auto& rule : rules) {
    if (rule.wrong) return wrong(rule.what, rule.why);
  }
  return {};
}

}  // namespace

Result<Options> parse(std::span<const std::string> arguments) {
  std::vector<std::string> words{"sock"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  Draft draft;
  const auto operands = read_options(std::move(words), draft);
  if (!operands) return Failure(operands.error());
  if (draft.options.help) return draft.options;
  const auto taken = draft.unix_domain ? take_unix_operands(draft, *operands) : take_operands(draft, *operands);
  if (!taken) return Failure(taken.error());
  derive_defaults(draft);
  if (auto checked = check(draft); !checked) return Failure(checked.error());
  if (auto checked = check_hosts(draft.options); !checked) return Failure(checked.error());
  if (auto checked = check_ports(draft.options); !checked) return Failure(checked.error());
  return std::move(draft.options);
}

}  // namespace lastbyte::sock
