#include "sock/command/option_table.h"

#include <array>
#include <limits>
#include <utility>

#include "base/text.h"
#include "sock/command/values.h"

namespace lastbyte::sock {
namespace {

constexpr std::uint64_t kMostInt = std::numeric_limits<int>::max();
constexpr std::uint64_t kMostNumber = std::numeric_limits<std::uint64_t>::max();
// tcp_sock_set_maxseg(), net/ipv4/tcp.c: TCP_MIN_MSS and MAX_TCP_WINDOW.
constexpr std::uint64_t kLeastSegment = 88;
constexpr std::uint64_t kMostSegment = 32'767;
constexpr std::uint64_t kMostBuffer = 64U << 20U;  // every connection holds a buffer of this size

using Value = std::string_view;

Result<void> set(bool& place, bool to = true) {
  place = to;
  return {};
}

template <typename Place>
Result<void> text(Place& place, Value value) {
  place = std::string(value);
  return {};
}

/// Stores a parsed value, or returns its error.
template <typename Place, typename Parsed>
Result<void> put(Place& place, const Result<Parsed>& parsed) {
  if (!parsed) return Failure(parsed.error());
  place = *parsed;
  return {};
}

template <typename Place>
Result<void> put_int(Place& place, Value value, std::uint64_t least, std::uint64_t most = kMostInt) {
  const auto parsed = parse_number(value, least, most);
  if (!parsed) return Failure(parsed.error());
  place = static_cast<int>(*parsed);
  return {};
}

Result<std::uint64_t> size_within(Value value, std::uint64_t least, std::uint64_t most) {
  auto parsed = parse_size(value);
  if (parsed && (*parsed < least || *parsed > most)) {
    return failure(in_quotes(value), 0,
                   "expected from " + std::to_string(least) + " to " + std::to_string(most) + " bytes");
  }
  return parsed;
}

Result<void> put_buffer(std::optional<int>& place, Value value) {
  const auto parsed = size_within(value, 1, kMostInt);
  if (!parsed) return Failure(parsed.error());
  place = static_cast<int>(*parsed);
  return {};
}

template <typename Place, typename Choices>
Result<void> choose(Place& place, Value value, const Choices& choices) {
  std::string expected;
  for (const auto& [name, choice] : choices) {
    if (name == value) {
      place = choice;
      return {};
    }
    expected += (expected.empty() ? "" : ", ") + std::string(name);
  }
  return failure(in_quotes(value), 0, "expected one of " + expected);
}

constexpr std::array<std::pair<Value, Mode>, 6> kModes{{{"relay", Mode::relay},
                                                        {"echo", Mode::echo},
                                                        {"source", Mode::source},
                                                        {"sink", Mode::sink},
                                                        {"discard", Mode::discard},
                                                        {"http", Mode::http}}};
constexpr std::array<std::pair<Value, AtEof>, 4> kAtEofs{
    {{"keep", AtEof::keep}, {"fin", AtEof::fin}, {"close", AtEof::close}, {"reset", AtEof::reset}}};
constexpr std::array<std::pair<Value, AtPeerEof>, 2> kAtPeerEofs{
    {{"go-on", AtPeerEof::go_on}, {"close", AtPeerEof::close}}};

Result<void> listen_as_nc(Draft& draft, Value) {
  draft.options.role = Role::server;
  draft.options.reuse_address = true;
  return set(draft.listen_as_nc);
}

constexpr auto kNothing = Takes::nothing;
constexpr auto kOne = Takes::value;
constexpr auto kMaybe = Takes::optional_value;

constexpr OptionRow kRows[] = {
    {Group::role, 's', "server", kNothing, "",
     [](Draft& draft, Value) -> Result<void> {
       draft.options.role = Role::server;
       return {};
     },
     "listen and serve instead of connecting"},
    {Group::role, 'l', "listen", kNothing, "", listen_as_nc,
     "listen as nc does: with --reuse-address, and in relay mode with --at-peer-eof=close"},
    {Group::role, 'k', "keep-open", kNothing, "", [](Draft& draft, Value) { return set(draft.options.keep_open); },
     "serve one client after another"},
    {Group::role, 0, "concurrent", kOne, "N",
     [](Draft& draft, Value value) { return put_int(draft.options.concurrent, value, 1, 10'000); },
     "serve N clients at once; implies --keep-open"},
    {Group::role, 0, "backlog", kOne, "N",
     [](Draft& draft, Value value) { return put_int(draft.options.backlog, value, 0); },
     "length of the queue of connections not yet accepted (128)"},
    {Group::role, 'z', "scan", kNothing, "", [](Draft& draft, Value) { return set(draft.scan); },
     "only report whether the port, or each port of a range 20-25, accepts connections"},

    {Group::address, '4', "ipv4", kNothing, "",
     [](Draft& draft, Value) -> Result<void> {
       draft.options.family = Family::v4;
       return {};
     },
     "IPv4 only"},
    {Group::address, '6', "ipv6", kNothing, "",
     [](Draft& draft, Value) -> Result<void> {
       draft.options.family = Family::v6;
       return {};
     },
     "IPv6 only"},
    {Group::address, 'u', "udp", kNothing, "", [](Draft& draft, Value) { return set(draft.udp); }, "UDP"},
    {Group::address, 'U', "unix", kNothing, "", [](Draft& draft, Value) { return set(draft.unix_domain); },
     "UNIX stream socket; the operand is a path, or @NAME in the abstract namespace"},
    {Group::address, 'n', "numeric", kNothing, "", [](Draft& draft, Value) { return set(draft.options.numeric); },
     "look up neither hosts nor services"},
    {Group::address, 'p', "port", kOne, "PORT", [](Draft& draft, Value value) { return text(draft.port, value); },
     "local port"},
    {Group::address, 'b', "bind", kOne, "[ADDRESS:]PORT|ADDRESS",
     [](Draft& draft, Value value) -> Result<void> {
       if (value.empty()) return failure(in_quotes(value), 0, "expected an address, a port, or ADDRESS:PORT");
       return text(draft.bind, value);
     },
     "local address and port of a client; a number alone is a port"},
    {Group::address, 0, "netns", kOne, "NAME|PATH|PID",
     [](Draft& draft, Value value) { return text(draft.options.network_namespace, value); },
     "use that network namespace: a name of `ip netns`, a path, or the namespace of a process"},

    {Group::socket, 'A', "reuse-address", kNothing, "",
     [](Draft& draft, Value) { return set(draft.options.reuse_address); },
     "SO_REUSEADDR: bind even if connections in TIME_WAIT hold the port; UNIX: replace the file of a dead socket"},
    {Group::socket, 'P', "reuse-port", kNothing, "", [](Draft& draft, Value) { return set(draft.options.reuse_port); },
     "SO_REUSEPORT: share the port with others that do the same"},
    {Group::socket, 'L', "linger", kOne, "SECONDS|off",
     [](Draft& draft, Value value) { return put(draft.options.linger, parse_linger(value)); },
     "SO_LINGER: with 0, close sends a reset; with more, it waits up to that time for the peer's acknowledgement"},
    {Group::socket, 'I', "receive-buffer", kOne, "SIZE",
     [](Draft& draft, Value value) { return put_buffer(draft.options.receive_buffer, value); },
     "SO_RCVBUF; the kernel doubles it"},
    {Group::socket, 'O', "send-buffer", kOne, "SIZE",
     [](Draft& draft, Value value) { return put_buffer(draft.options.send_buffer, value); },
     "SO_SNDBUF; the kernel doubles it"},
    {Group::socket, 0, "mss", kOne, "BYTES",
     [](Draft& draft, Value value) { return put_int(draft.options.max_segment, value, kLeastSegment, kMostSegment); },
     "TCP_MAXSEG: largest segment"},
    {Group::socket, 0, "nodelay", kNothing, "", [](Draft& draft, Value) { return set(draft.options.nodelay); },
     "TCP_NODELAY: send at once, do not wait for a full segment"},
    {Group::socket, 0, "keepalive", kMaybe, "IDLE,INTERVAL,COUNT",
     [](Draft& draft, Value value) { return put(draft.options.keepalive, parse_keepalive(value)); },
     "SO_KEEPALIVE: probe a silent peer after IDLE seconds, every INTERVAL seconds, COUNT times (60,10,6)"},
    {Group::socket, 0, "user-timeout", kOne, "TIME",
     [](Draft& draft, Value value) { return put(draft.options.user_timeout, parse_duration(value)); },
     "TCP_USER_TIMEOUT: give up when data stays unacknowledged for that time"},
    {Group::socket, 0, "fast-open", kMaybe, "QUEUE",
     [](Draft& draft, Value value) {
       return put_int(draft.options.fast_open, value.empty() ? "16" : value, 1, 65'535);
     },
     "TCP Fast Open: a client's SYN carries its first bytes; a server queues up to QUEUE such connections (16)"},
    {Group::socket, 0, "urgent-inline", kNothing, "",
     [](Draft& draft, Value) { return set(draft.options.urgent_inline); },
     "SO_OOBINLINE: urgent bytes arrive among the others"},

    {Group::socket, 0, "ttl", kOne, "N",
     [](Draft& draft, Value value) { return put_int(draft.options.ttl, value, 1, 255); },
     "IP_TTL, IPV6_UNICAST_HOPS: number of routers that a packet may pass"},
    {Group::socket, 0, "min-ttl", kOne, "N",
     [](Draft& draft, Value value) { return put_int(draft.options.min_ttl, value, 1, 255); },
     "IP_MINTTL, IPV6_MINHOPCOUNT: drop packets that arrive with less"},
    {Group::socket, 0, "tos", kOne, "BYTE",
     [](Draft& draft, Value value) { return put(draft.options.tos, parse_byte(value)); },
     "IP_TOS, IPV6_TCLASS: 0 to 255, or 0x00 to 0xff"},
    {Group::socket, 0, "broadcast", kNothing, "", [](Draft& draft, Value) { return set(draft.options.broadcast); },
     "SO_BROADCAST: datagrams may go to a broadcast address"},
    {Group::socket, 0, "dont-route", kNothing, "", [](Draft& draft, Value) { return set(draft.options.dont_route); },
     "SO_DONTROUTE: send only to hosts of directly connected networks"},

    {Group::data, 'm', "mode", kOne, "MODE",
     [](Draft& draft, Value value) { return choose(draft.options.mode, value, kModes); },
     "relay (the default), echo, source, sink, discard or http"},
    {Group::data, 0, "read-size", kOne, "SIZE",
     [](Draft& draft, Value value) { return put(draft.options.read_size, size_within(value, 1, kMostBuffer)); },
     "maximum of bytes in a read (64k)"},
    {Group::data, 0, "write-size", kOne, "SIZE",
     [](Draft& draft, Value value) { return put(draft.write_size, size_within(value, 1, kMostBuffer)); },
     "maximum of bytes in a write or datagram (16k; UDP source: 1024)"},
    {Group::data, 'c', "count", kOne, "N",
     [](Draft& draft, Value value) { return put(draft.options.count, parse_number(value, 0, kMostNumber)); },
     "source: number of writes (1024)"},
    {Group::data, 0, "bytes", kOne, "SIZE",
     [](Draft& draft, Value value) { return put(draft.options.bytes, parse_size(value)); },
     "source: number of bytes, instead of --count; http: size of the body"},
    {Group::data, 0, "urgent", kOne, "N",
     [](Draft& draft, Value value) { return put(draft.options.urgent, parse_number(value, 1, kMostNumber)); },
     "send an urgent byte '!' before write number N"},
    {Group::data, 'C', "crlf", kNothing, "", [](Draft& draft, Value) { return set(draft.options.crlf); },
     "send line ends of standard input as CR LF"},
    {Group::data, 'd', "no-stdin", kNothing, "",
     [](Draft& draft, Value) { return set(draft.options.read_input, false); }, "do not read standard input"},
    {Group::data, 0, "no-read", kNothing, "", [](Draft& draft, Value) { return set(draft.options.read_peer, false); },
     "never read from the peer: its data stays unread in the kernel"},
    {Group::data, 0, "early", kNothing, "", [](Draft& draft, Value) { return set(draft.options.answer_early); },
     "http server: answer after the head of a request, leave its body unread, and end"},
    {Group::data, 'W', "receive-limit", kOne, "N",
     [](Draft& draft, Value value) { return put(draft.options.receive_limit, parse_number(value, 1, kMostNumber)); },
     "end after N reads or datagrams with data"},

    {Group::time, 'w', "timeout", kOne, "TIME",
     [](Draft& draft, Value value) { return put(draft.options.timeout, parse_duration(value)); },
     "give up connecting, or end the connection, after that time without progress"},
    {Group::time, 'q', "quit-after", kOne, "TIME",
     [](Draft& draft, Value value) { return put(draft.options.quit_after, parse_duration(value)); },
     "close that long after everything was sent; implies --half-close"},
    {Group::time, 'i', "delay-write", kOne, "TIME",
     [](Draft& draft, Value value) { return put(draft.options.delays.write, parse_duration(value)); },
     "wait before each write"},
    {Group::time, 0, "delay-read", kOne, "TIME",
     [](Draft& draft, Value value) { return put(draft.options.delays.read, parse_duration(value)); },
     "wait before each read"},
    {Group::time, 0, "delay-start", kOne, "TIME",
     [](Draft& draft, Value value) { return put(draft.options.delays.start, parse_duration(value)); },
     "wait before the first read or write"},
    {Group::time, 0, "delay-close", kOne, "TIME",
     [](Draft& draft, Value value) { return put(draft.options.delays.close, parse_duration(value)); },
     "wait before the close"},
    {Group::time, 0, "delay-accept", kOne, "TIME",
     [](Draft& draft, Value value) { return put(draft.options.delays.accept, parse_duration(value)); },
     "wait before the first accept"},

    {Group::end, 'N', "half-close", kNothing, "",
     [](Draft& draft, Value) -> Result<void> {
       draft.at_eof = AtEof::fin;
       return {};
     },
     "the same as --at-eof=fin"},
    {Group::end, 0, "at-eof", kOne, "keep|fin|close|reset",
     [](Draft& draft, Value value) { return choose(draft.at_eof, value, kAtEofs); },
     "after everything was sent: keep the connection open (default for standard input, as in nc), send a FIN and "
     "continue to read (default of source), close, or reset"},
    {Group::end, 0, "at-peer-eof", kOne, "go-on|close",
     [](Draft& draft, Value value) { return choose(draft.at_peer_eof, value, kAtPeerEofs); },
     "after the peer's FIN: continue to send (the default), or close"},
    {Group::end, 'R', "reset", kNothing, "", [](Draft& draft, Value) { return set(draft.options.reset); },
     "end with a reset: set SO_LINGER to 0 just before close"},

    {Group::tell, 'v', "verbose", kNothing, "", [](Draft& draft, Value) { return set(draft.options.verbose); },
     "show each system call on the socket, each TCP state, and the final report on standard error"},
    {Group::tell, 0, "report", kNothing, "", [](Draft& draft, Value) { return set(draft.options.report); },
     "print only the report at each connection's end: bytes, checksums, and the kernel's figures"},
    {Group::tell, 'h', "help", kNothing, "", [](Draft& draft, Value) { return set(draft.options.help); },
     "print this text"},
};

}  // namespace

std::span<const OptionRow> option_table() { return kRows; }

std::string_view heading(Group group) {
  switch (group) {
    case Group::role: return "Role";
    case Group::address: return "Addresses";
    case Group::socket: return "Socket options";
    case Group::data: return "Data";
    case Group::time: return "Times (2, 2s, 0.5, 250ms, 1m, 1h)";
    case Group::end: return "Endings";
    case Group::tell: return "Output";
  }
  return {};
}

}  // namespace lastbyte::sock
