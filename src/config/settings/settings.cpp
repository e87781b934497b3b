#include "config/settings/settings.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "config/settings/codec.h"
#include "config/settings/table.h"

namespace lastbyte::config {

namespace {

using relay::EarlyFin;
using relay::Forwarding;
using relay::ProxyHeader;
using relay::WhenFull;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using termination::LingerMode;

constexpr Duration kLongest = hours(24 * 365);
constexpr std::uint32_t kMostSessions = std::numeric_limits<std::uint32_t>::max();

void add_forwarding(Table& table) {
  const Group group = Group::forwarding;
  // Longer than any endpoint, because the endpoint is the default.
  Setting& name = table.add<Forwarding>(
      group, "name", word_codec("NAME", "a name", 300), [](auto& f) -> auto& { return f.name; },
      "The forwarding's name in session records. Names are unique.");
  name.standard = "the listening endpoint";
  name.in_defaults = false;
  Setting& listen = table.add<Forwarding>(
      group, "listen", endpoint_codec(net::EndpointUse::listen), [](auto& f) -> auto& { return f.listen; },
      "The endpoint that clients connect to. An empty host listens on all addresses of IPv4 and IPv6, 0.0.0.0 on IPv4 "
      "only, [::] on IPv6 only. With port 0 the kernel chooses the port. Ports may be a list with ranges: "
      "80,8000-8010.");
  listen.required = true;
  listen.in_defaults = false;
  Setting& connect = table.add<Forwarding>(
      group, "connect", endpoint_codec(net::EndpointUse::connect), [](auto& f) -> auto& { return f.connect; },
      "The upstream: the endpoint that sessions are forwarded to. lastbyte looks up a host name at start and at each "
      "reload. Give one port for all listening ports, or as many ports as listen has, in the same order.");
  connect.required = true;
  table.add<Forwarding>(
      group, "early-fin", choice_codec<EarlyFin>("keep|abort", {{"keep", EarlyFin::keep}, {"abort", EarlyFin::abort}}),
      [](auto& f) -> auto& { return f.early_fin; },
      "How to treat a client's FIN that arrives before the upstream is connected: keep passes it on after connecting, "
      "abort ends the session.");
  table.listening(kStream);
  const auto sessions = or_none(count_codec<std::uint32_t>(1, kMostSessions));
  Setting& listener = table.add<Forwarding>(
      group, "max-sessions", sessions, [](auto& f) -> auto& { return f.max_sessions; },
      "Maximum number of concurrent sessions on this listener; further clients wait in the backlog.");
  listener.flag = "max-sessions-per-listener";
  table.add<Forwarding>(
      group, "max-sessions-per-client", sessions, [](auto& f) -> auto& { return f.max_sessions_per_client; },
      "Maximum number of concurrent sessions from one client address on this listener; further connections are reset.");
  table.add<Forwarding>(
      group, "when-full",
      choice_codec<WhenFull>("refuse|oldest", {{"refuse", WhenFull::refuse}, {"oldest", WhenFull::oldest}}),
      [](auto& f) -> auto& { return f.when_full; },
      "How a udp listener that has max-sessions sessions treats a datagram of a new client: refuse drops the datagram, "
      "oldest ends the session that has been silent the longest.");
  table.listening(kUdp);
}

void add_limits(Table& table) {
  const Group group = Group::limits;
  const Codec<Duration> codec = duration_codec(milliseconds(1), kLongest);
  table.add<Forwarding>(
      group, "limits.connect", codec, [](auto& f) -> auto& { return f.limits.connect; },
      "Time limit for connecting to the upstream, over all attempts.");
  table.add<Forwarding>(
      group, "limits.idle", codec, [](auto& f) -> auto& { return f.limits.idle; },
      "Time limit without a byte in either direction while both directions are open.");
  table.listening(kStream);
  table.add<Forwarding>(
      group, "limits.half-close", codec, [](auto& f) -> auto& { return f.limits.half_close; },
      "Time limit without a byte after one direction has ended.");
  table.listening(kStream);
  table.add<Forwarding>(
      group, "limits.reset-flush", codec, [](auto& f) -> auto& { return f.limits.reset_flush; },
      "Time limit for the peer to acknowledge the bytes that precede a reset, before lastbyte passes the reset on.");
  table.listening(kStream);
  needs<Forwarding>(table.add<Forwarding>(
                        group, "limits.proxy-header", codec, [](auto& f) -> auto& { return f.limits.proxy_header; },
                        "Time limit for a client's PROXY header to arrive."),
                    "client.proxy-protocol", [](const Forwarding& f) { return f.proxy_header != ProxyHeader::off; });
  table.add<Forwarding>(
      group, "limits.datagram-idle", codec, [](auto& f) -> auto& { return f.limits.datagram_idle; },
      "Time limit without a datagram in a udp session. For a tcp or unix client of a udp upstream, the upstream's data "
      "ends when the upstream has been silent for this time after the client's FIN.");
  table.connecting(kUdp);
}

void add_linger(Table& table) {
  const Group group = Group::linger;
  const Codec<Duration> codec = duration_codec(milliseconds(1), kLongest);
  table.add<Forwarding>(
      group, "linger.mode",
      choice_codec<LingerMode>("off|on|always",
                               {{"off", LingerMode::off}, {"on", LingerMode::on}, {"always", LingerMode::always}}),
      [](auto& f) -> auto& { return f.linger.mode; },
      "Lingering close: before lastbyte closes a socket whose peer may still be sending, it reads and discards data "
      "for a while, so that the peer is not reset. off closes at once, on stops when the peer is quiet for "
      "linger.timeout, always waits for the whole linger.time.");
  table.listening(kStream);
  needs<Forwarding>(table.add<Forwarding>(
                        group, "linger.time", codec, [](auto& f) -> auto& { return f.linger.time; },
                        "Time limit for the whole lingering close."),
                    "linger.mode", [](const Forwarding& f) { return f.linger.mode != LingerMode::off; });
  table.listening(kStream);
  needs<Forwarding>(table.add<Forwarding>(
                        group, "linger.timeout", codec, [](auto& f) -> auto& { return f.linger.timeout; },
                        "Lingering ends after this idle time."),
                    "linger.mode", [](const Forwarding& f) { return f.linger.mode == LingerMode::on; });
  table.listening(kStream);
}

/// What both sides have. `get` gives the SocketOptions of a Forwarding.
template <typename Get>
void add_socket(Table& table, Group group, const std::string& side, Get get) {
  const auto only = [&](Kinds kinds) { group == Group::client ? table.listening(kinds) : table.connecting(kinds); };
  const auto add = [&]<typename Member>(const std::string& key, const auto& codec, Member,
                                        std::string_view meaning) -> Setting& {
    return table.add<Forwarding>(
        group, side + key, codec, [](auto& f) -> auto& { return Member()(Get()(f)); }, meaning);
  };
  const auto add_keepalive = [&](const std::string& key, const auto& codec, auto member, std::string_view meaning) {
    needs<Forwarding>(add(key, codec, member, meaning), side + "keepalive.enabled",
                      [get](const Forwarding& f) { return get(f).keepalive.enabled; });
    only(kTcp);
  };
  add("nodelay", bool_codec(), [](auto& s) -> auto& { return s.nodelay; }, "TCP_NODELAY: send small segments at once.");
  only(kTcp);
  add(
      "keepalive.enabled", bool_codec(), [](auto& s) -> auto& { return s.keepalive.enabled; },
      "SO_KEEPALIVE: probe a silent peer, to detect one that has vanished.");
  only(kTcp);
  // MAX_TCP_KEEPIDLE, MAX_TCP_KEEPINTVL and MAX_TCP_KEEPCNT of include/net/tcp.h.
  const auto span = seconds_codec(seconds(1), seconds(32767));
  add_keepalive(
      "keepalive.idle", span, [](auto& s) -> auto& { return s.keepalive.idle; },
      "TCP_KEEPIDLE: time without data before the first probe.");
  add_keepalive(
      "keepalive.interval", span, [](auto& s) -> auto& { return s.keepalive.interval; },
      "TCP_KEEPINTVL: time between probes.");
  add_keepalive(
      "keepalive.count", count_codec<int>(1, 127), [](auto& s) -> auto& { return s.keepalive.count; },
      "TCP_KEEPCNT: number of unanswered probes after which the kernel ends the connection. Where user-timeout is set, "
      "the kernel uses that time instead of this number.");
  // The kernel takes an int of milliseconds.
  add(
      "user-timeout", or_none(duration_codec(milliseconds(1), hours(24 * 24))),
      [](auto& s) -> auto& { return s.user_timeout; },
      "TCP_USER_TIMEOUT: time limit for sent data to be acknowledged. It also ends a connection whose peer keeps its "
      "receive window closed for longer.");
  only(kTcp);
  const auto buffer = or_none(size_codec(1 << 10, 1 << 29));
  add(
      "send-buffer", buffer, [](auto& s) -> auto& { return s.send_buffer; },
      "SO_SNDBUF: size of the send buffer. The kernel doubles the value, limits it to net.core.wmem_max, and no longer "
      "adjusts the size itself.");
  add(
      "receive-buffer", buffer, [](auto& s) -> auto& { return s.receive_buffer; },
      "SO_RCVBUF: size of the receive buffer. The kernel doubles the value, limits it to net.core.rmem_max, and no "
      "longer adjusts the size itself.");
  only(kIp);
  add(
      "mark", or_none(mark_codec()), [](auto& s) -> auto& { return s.mark; },
      "SO_MARK: mark packets for routing and filters. Needs CAP_NET_ADMIN.");
  only(kIp);
  add(
      "interface", interface_codec(), [](auto& s) -> auto& { return s.interface; },
      "SO_BINDTODEVICE: use this network interface only.");
  only(kIp);
}

void add_client(Table& table) {
  const Group group = Group::client;
  add_socket(table, group, "client.", [](auto& f) -> auto& { return f.client.socket; });
  table.add<Forwarding>(
      group, "client.backlog", count_codec<int>(1, 1 << 20), [](auto& f) -> auto& { return f.client.backlog; },
      "Maximum number of connections that wait to be accepted. The kernel limits it to net.core.somaxconn.");
  table.listening(kStream);
  table.add<Forwarding>(
      group, "client.defer-accept", or_none(seconds_codec(seconds(1), hours(1))),
      [](auto& f) -> auto& { return f.client.defer_accept; },
      "TCP_DEFER_ACCEPT: start a session when the client has sent data, or after this time. Do not set it for "
      "protocols in which the server speaks first.");
  table.listening(kTcp);
  table.add<Forwarding>(
      group, "client.fast-open", or_none(count_codec<int>(1, 65535)),
      [](auto& f) -> auto& { return f.client.fast_open; },
      "TCP_FASTOPEN: accept data in the SYN, with at most this many such connections pending. net.ipv4.tcp_fastopen "
      "must allow it.");
  table.listening(kTcp);
  table.add<Forwarding>(
      group, "client.freebind", bool_codec(), [](auto& f) -> auto& { return f.client.freebind; },
      "IP_FREEBIND: listen on an address that no interface of this machine has yet. Clients can connect as soon as an "
      "interface has the address.");
  table.listening(kIp);
  table.add<Forwarding>(
      group, "client.reuse-port", bool_codec(), [](auto& f) -> auto& { return f.client.reuse_port; },
      "SO_REUSEPORT: share the port with other processes. Without it, a port in use is an error.");
  table.listening(kIp);
  table.add<Forwarding>(
      group, "client.netns", netns_codec(), [](auto& f) -> auto& { return f.client.netns; },
      "Listen in this network namespace: a path, a name of `ip netns`, or the namespace of a process.");
  table.listening(kIp | kAbstract);
  table.add<Forwarding>(
      group, "client.root", root_codec(), [](auto& f) -> auto& { return f.client.root; },
      "Root directory of a listening path: a directory, or the root of a process such as a container's. Symbolic links "
      "cannot lead outside it. Needs CAP_SYS_CHROOT at the start.");
  table.listening(kPath);
  table.add<Forwarding>(
      group, "client.unix-mode", or_none(file_mode_codec()), [](auto& f) -> auto& { return f.client.unix_file.mode; },
      "File mode of a listening path. none applies the umask.");
  table.listening(kPath);
  const auto id = or_none(count_codec<std::uint32_t>(0, kMostSessions - 1));
  table.add<Forwarding>(
      group, "client.unix-uid", id, [](auto& f) -> auto& { return f.client.unix_file.uid; },
      "Numeric user ID that owns a listening path. none leaves the user that starts the process.");
  table.listening(kPath);
  table.add<Forwarding>(
      group, "client.unix-gid", id, [](auto& f) -> auto& { return f.client.unix_file.gid; },
      "Numeric group ID of a listening path. none leaves the group that starts the process.");
  table.listening(kPath);
  table.add_list<net::Networks>(
      group, "client.allow", network_codec(), [](auto& f) -> auto& { return f.access.allow; },
      "Networks whose clients are allowed. none allows all clients that client.deny does not name.");
  table.add_list<net::Networks>(
      group, "client.deny", network_codec(), [](auto& f) -> auto& { return f.access.deny; },
      "Networks whose clients are denied, even if client.allow names them. lastbyte resets a denied client's "
      "connection, or drops its datagrams, before it connects to the upstream.");
  table.add<Forwarding>(
      group, "client.proxy-protocol",
      choice_codec<ProxyHeader>(
          "off|optional|required",
          {{"off", ProxyHeader::off}, {"optional", ProxyHeader::optional}, {"required", ProxyHeader::required}}),
      [](auto& f) -> auto& { return f.proxy_header; },
      "Whether clients send a PROXY protocol header, version 1 or 2, ahead of their data. off treats a header as data, "
      "optional accepts clients with and without a header, required resets clients without one.");
  table.listening(kStream);
  Setting& trusted = table.add_list<net::Networks>(
      group, "client.proxy-trusted", network_codec(), [](auto& f) -> auto& { return f.proxy_trusted; },
      "Networks whose PROXY headers lastbyte trusts. none trusts every client: any client can then claim any address, "
      "and client.allow and client.deny apply to the claimed address. For a client outside these networks, optional "
      "treats a header as the client's data, and required resets the connection.");
  table.listening(kTcp);
  needs<Forwarding>(trusted, "client.proxy-protocol",
                    [](const Forwarding& f) { return f.proxy_header != ProxyHeader::off; });
}

void add_upstream(Table& table) {
  const Group group = Group::upstream;
  add_socket(table, group, "upstream.", [](auto& f) -> auto& { return f.upstream.socket; });
  table.add<Forwarding>(
      group, "upstream.fast-open", bool_codec(), [](auto& f) -> auto& { return f.upstream.fast_open; },
      "TCP Fast Open: send the client's first bytes with the SYN, if they have arrived by then. A server may receive "
      "them twice if its answer to the SYN is lost and lastbyte tries another address (RFC 7413).");
  table.connecting(kTcp);
  using net::Transparent;
  Setting& sources = table.add_list<std::vector<net::Address>>(
      group, "upstream.sources", source_codec(), [](auto& f) -> auto& { return f.upstream.sources; },
      "Source addresses of connections to the upstream, used in turn. Without a port the kernel chooses the port when "
      "it connects (IP_BIND_ADDRESS_NO_PORT), so that destinations do not share one pool of ports. An address with a "
      "port requires workers to be 1.");
  table.connecting(kIp);
  needs<Forwarding>(sources, "upstream.transparent",
                    [](const Forwarding& f) { return f.upstream.transparent == Transparent::off; });
  table.add<Forwarding>(
      group, "upstream.netns", netns_codec(), [](auto& f) -> auto& { return f.upstream.netns; },
      "Connect in this network namespace: a path, a name of `ip netns`, or the namespace of a process.");
  table.connecting(kIp | kAbstract);
  table.add<Forwarding>(
      group, "upstream.root", root_codec(), [](auto& f) -> auto& { return f.upstream.root; },
      "Root directory of the upstream's path: a directory, or the root of a process such as a container's. Symbolic "
      "links cannot lead outside it.");
  table.connecting(kPath);
  table.add<Forwarding>(
      group, "upstream.transparent",
      choice_codec<Transparent>(
          "off|ip|ip-and-port",
          {{"off", Transparent::off}, {"ip", Transparent::ip}, {"ip-and-port", Transparent::ip_and_port}}),
      [](auto& f) -> auto& { return f.upstream.transparent; },
      "IP_TRANSPARENT: connect from the client's own address (ip), or from its address and port (ip-and-port). Needs "
      "CAP_NET_RAW, and routes that lead the upstream's answers back through this machine.");
  table.listening(kIp);
  table.connecting(kIp);
  using net::proxy_protocol::Version;
  table.add<Forwarding>(
      group, "upstream.proxy-protocol",
      choice_codec<std::optional<Version>>("off|v1|v2",
                                           {{"off", std::nullopt}, {"v1", Version::v1}, {"v2", Version::v2}}),
      [](auto& f) -> auto& { return f.send_proxy; },
      "Send a PROXY protocol header of this version to the upstream, with the client's address, ahead of the client's "
      "data.");
  table.connecting(kStream);
}

void add_process(Table& table) {
  const Group group = Group::process;
  table.add<Config>(
      group, "workers", with_word(count_codec<unsigned>(1, 1024), "auto", 0U),
      [](auto& c) -> auto& { return c.workers; }, "Number of threads that forward data. auto is one for each CPU.");
  table.add<Config>(
      group, "max-sessions", or_none(count_codec<std::uint32_t>(1, kMostSessions)),
      [](auto& c) -> auto& { return c.max_sessions; },
      "Maximum number of concurrent sessions of the whole process; further clients wait in the backlog. none allows as "
      "many as the limit of descriptors does.");
  table.add<Config>(
      group, "drain", duration_codec(milliseconds(0), kLongest), [](auto& c) -> auto& { return c.drain; },
      "Time limit for sessions to finish after a stop is requested. lastbyte then resets the rest.");
  table.add<Config>(
      group, "bind-retry", duration_codec(milliseconds(0), kLongest), [](auto& c) -> auto& { return c.bind_retry; },
      "At the start, how long to retry listening if an address or port is in use, or if an address, an interface, a "
      "network namespace or a directory does not exist yet. With 0s the first failure is an error.");
  table.add<Config>(
      group, "user", word_or_none_codec("USER", "a user's name or number", 32), [](auto& c) -> auto& { return c.user; },
      "User to switch to after the listeners are bound. none keeps the current user.");
  table.add<Config>(
      group, "group", word_or_none_codec("GROUP", "a group's name or number", 32),
      [](auto& c) -> auto& { return c.group; },
      "Group to switch to after the listeners are bound. none switches to the user's own group.");
}

void add_log(Table& table) {
  const Group group = Group::log;
  table.add<Config>(
      group, "log.target", log_target_codec(), [](auto& c) -> auto& { return c.log.target; },
      "Destination of session records. A file's path contains a '/'; lastbyte opens the file again on SIGUSR1.");
  needs<Config>(table.add<Config>(
                    group, "log.format",
                    choice_codec<LogFormat>("text|json", {{"text", LogFormat::text}, {"json", LogFormat::json}}),
                    [](auto& c) -> auto& { return c.log.format; },
                    "Format of session records: text for one readable line each, json for one JSON object a line."),
                "log.target", [](const Config& c) { return c.log.target != "off"; });
}

std::vector<Setting> make_table() {
  Table table;
  add_process(table);
  add_log(table);
  add_forwarding(table);
  add_limits(table);
  add_linger(table);
  add_client(table);
  add_upstream(table);
  for (Setting& row : table.rows) {
    if (row.required) row.standard.clear();
    if (!row.of_forwarding()) row.in_defaults = false;
  }
  return std::move(table.rows);
}

}  // namespace

std::string_view title(Group group) {
  switch (group) {
    case Group::forwarding: return "Forwarding";
    case Group::limits: return "Limits";
    case Group::linger: return "Lingering close";
    case Group::client: return "Client side";
    case Group::upstream: return "Upstream side";
    case Group::process: return "Process";
    case Group::log: return "Session records";
  }
  return "?";
}

const std::vector<Setting>& settings() {
  static const std::vector<Setting> kTable = make_table();
  return kTable;
}

const Setting* find_key(std::string_view key, bool of_forwarding) {
  const auto found = std::find_if(settings().begin(), settings().end(), [&](const Setting& setting) {
    return setting.key == key && setting.of_forwarding() == of_forwarding;
  });
  return found == settings().end() ? nullptr : &*found;
}

const Setting* find_flag(std::string_view flag) {
  const auto found =
      std::find_if(settings().begin(), settings().end(), [&](const Setting& setting) { return setting.flag == flag; });
  return found == settings().end() ? nullptr : &*found;
}

}  // namespace lastbyte::config
