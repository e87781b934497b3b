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
      "What session records call this forwarding. Unique.");
  name.standard = "the listening endpoint";
  name.in_defaults = false;
  Setting& listen = table.add<Forwarding>(
      group, "listen", endpoint_codec(net::EndpointUse::listen), [](auto& f) -> auto& { return f.listen; },
      "Where clients connect to. An empty host stands for all addresses, IPv4 and IPv6; 0.0.0.0 for IPv4 only, [::] "
      "for IPv6 only. With port 0 the kernel picks one. Ports may be a list with ranges: 80,8000-8010.");
  listen.required = true;
  listen.in_defaults = false;
  Setting& connect = table.add<Forwarding>(
      group, "connect", endpoint_codec(net::EndpointUse::connect), [](auto& f) -> auto& { return f.connect; },
      "Where sessions are forwarded to: the upstream. A name is looked up at start and at a reload. One port for all, "
      "or as many as "
      "listen has, each for the one of the same place.");
  connect.required = true;
  table.add<Forwarding>(
      group, "early-fin", choice_codec<EarlyFin>("keep|abort", {{"keep", EarlyFin::keep}, {"abort", EarlyFin::abort}}),
      [](auto& f) -> auto& { return f.early_fin; },
      "What a client's FIN means that comes before the upstream is connected: keep passes it on once connected, abort "
      "gives the session up.");
  table.listening(kStream);
  const auto sessions = or_none(count_codec<std::uint32_t>(1, kMostSessions));
  Setting& listener = table.add<Forwarding>(
      group, "max-sessions", sessions, [](auto& f) -> auto& { return f.max_sessions; },
      "Sessions at a time on this listener; further clients wait in the backlog.");
  listener.flag = "max-sessions-per-listener";
  table.add<Forwarding>(
      group, "max-sessions-per-client", sessions, [](auto& f) -> auto& { return f.max_sessions_per_client; },
      "Sessions at a time from one client address on this listener; further ones are reset.");
  table.add<Forwarding>(
      group, "when-full",
      choice_codec<WhenFull>("refuse|oldest", {{"refuse", WhenFull::refuse}, {"oldest", WhenFull::oldest}}),
      [](auto& f) -> auto& { return f.when_full; },
      "What a udp listener does with a new client's datagram when it has max-sessions sessions: refuse drops it, "
      "oldest ends the session that has been silent the longest.");
  table.listening(kUdp);
}

void add_limits(Table& table) {
  const Group group = Group::limits;
  const Codec<Duration> codec = duration_codec(milliseconds(1), kLongest);
  table.add<Forwarding>(
      group, "limits.connect", codec, [](auto& f) -> auto& { return f.limits.connect; },
      "Longest time to reach the upstream, all tries together.");
  table.add<Forwarding>(
      group, "limits.idle", codec, [](auto& f) -> auto& { return f.limits.idle; },
      "Longest time without a byte in either direction while both are open.");
  table.listening(kStream);
  table.add<Forwarding>(
      group, "limits.half-close", codec, [](auto& f) -> auto& { return f.limits.half_close; },
      "The same once one direction has ended.");
  table.listening(kStream);
  table.add<Forwarding>(
      group, "limits.reset-flush", codec, [](auto& f) -> auto& { return f.limits.reset_flush; },
      "Longest time for the bytes ahead of a reset to be acknowledged before the reset is passed on.");
  table.listening(kStream);
  needs<Forwarding>(table.add<Forwarding>(
                        group, "limits.proxy-header", codec, [](auto& f) -> auto& { return f.limits.proxy_header; },
                        "Longest time for a client's PROXY header to arrive."),
                    "client.proxy-protocol", [](const Forwarding& f) { return f.proxy_header != ProxyHeader::off; });
  table.add<Forwarding>(
      group, "limits.datagram-idle", codec, [](auto& f) -> auto& { return f.limits.datagram_idle; },
      "Longest silence of a udp session; where a tcp or unix client speaks to a udp upstream, the silence of the "
      "upstream, after the client's FIN, that counts as its end.");
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
      "Lingering close: before a socket is closed whose peer may still be sending, read and discard for a while, so "
      "that the peer is not reset. off closes at once; on ends when the peer is quiet; always takes the whole "
      "linger.time.");
  table.listening(kStream);
  needs<Forwarding>(table.add<Forwarding>(
                        group, "linger.time", codec, [](auto& f) -> auto& { return f.linger.time; },
                        "Longest time to linger in all."),
                    "linger.mode", [](const Forwarding& f) { return f.linger.mode != LingerMode::off; });
  table.listening(kStream);
  needs<Forwarding>(table.add<Forwarding>(
                        group, "linger.timeout", codec, [](auto& f) -> auto& { return f.linger.timeout; },
                        "Longest time to linger without data."),
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
      "SO_KEEPALIVE: probe a silent peer, to find one that vanished.");
  only(kTcp);
  // MAX_TCP_KEEPIDLE, MAX_TCP_KEEPINTVL and MAX_TCP_KEEPCNT of include/net/tcp.h.
  const auto span = seconds_codec(seconds(1), seconds(32767));
  add_keepalive(
      "keepalive.idle", span, [](auto& s) -> auto& { return s.keepalive.idle; },
      "TCP_KEEPIDLE: silence before the first probe.");
  add_keepalive(
      "keepalive.interval", span, [](auto& s) -> auto& { return s.keepalive.interval; },
      "TCP_KEEPINTVL: time between probes.");
  add_keepalive(
      "keepalive.count", count_codec<int>(1, 127), [](auto& s) -> auto& { return s.keepalive.count; },
      "TCP_KEEPCNT: unanswered probes after which the peer has vanished; the kernel goes by user-timeout "
      "instead where that is set.");
  // The kernel takes an int of milliseconds.
  add(
      "user-timeout", or_none(duration_codec(milliseconds(1), hours(24 * 24))),
      [](auto& s) -> auto& { return s.user_timeout; },
      "TCP_USER_TIMEOUT: longest time for sent data to stay unacknowledged. It also ends a peer that keeps its window "
      "closed for longer.");
  only(kTcp);
  const auto buffer = or_none(size_codec(1 << 10, 1 << 29));
  add(
      "send-buffer", buffer, [](auto& s) -> auto& { return s.send_buffer; },
      "SO_SNDBUF. The kernel doubles it, caps it at net.core.wmem_max and no longer adapts it.");
  add(
      "receive-buffer", buffer, [](auto& s) -> auto& { return s.receive_buffer; },
      "SO_RCVBUF. The kernel doubles it, caps it at net.core.rmem_max and no longer adapts it.");
  only(kIp);
  add(
      "mark", or_none(mark_codec()), [](auto& s) -> auto& { return s.mark; },
      "SO_MARK, for routing and filters; needs CAP_NET_ADMIN.");
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
      "Connections that may wait to be accepted; the kernel caps it at net.core.somaxconn.");
  table.listening(kStream);
  table.add<Forwarding>(
      group, "client.defer-accept", or_none(seconds_codec(seconds(1), hours(1))),
      [](auto& f) -> auto& { return f.client.defer_accept; },
      "TCP_DEFER_ACCEPT: begin a session only when the client has sent data, or after this time. Not for protocols in "
      "which the server speaks first.");
  table.listening(kTcp);
  table.add<Forwarding>(
      group, "client.fast-open", or_none(count_codec<int>(1, 65535)),
      [](auto& f) -> auto& { return f.client.fast_open; },
      "TCP_FASTOPEN: accept data in the SYN, with so many such connections waiting; net.ipv4.tcp_fastopen must allow "
      "it.");
  table.listening(kTcp);
  table.add<Forwarding>(
      group, "client.freebind", bool_codec(), [](auto& f) -> auto& { return f.client.freebind; },
      "IP_FREEBIND: listen on an address that no interface of this machine has yet. Clients reach it once one has.");
  table.listening(kIp);
  table.add<Forwarding>(
      group, "client.reuse-port", bool_codec(), [](auto& f) -> auto& { return f.client.reuse_port; },
      "SO_REUSEPORT with other processes: share the port on purpose. Without it a port in use is an error.");
  table.listening(kIp);
  table.add<Forwarding>(
      group, "client.netns", netns_codec(), [](auto& f) -> auto& { return f.client.netns; },
      "Listen in this network namespace: a path, a name of `ip netns`, or that of a process.");
  table.listening(kIp | kAbstract);
  table.add<Forwarding>(
      group, "client.root", root_codec(), [](auto& f) -> auto& { return f.client.root; },
      "The root directory in which a listening path is: a directory, or the root of a process such as a container's. "
      "Symbolic links lead nowhere outside it. Needs CAP_SYS_CHROOT at the start.");
  table.listening(kPath);
  table.add<Forwarding>(
      group, "client.unix-mode", or_none(file_mode_codec()), [](auto& f) -> auto& { return f.client.unix_file.mode; },
      "Mode of a listening path. none: as the umask has it.");
  table.listening(kPath);
  const auto id = or_none(count_codec<std::uint32_t>(0, kMostSessions - 1));
  table.add<Forwarding>(
      group, "client.unix-uid", id, [](auto& f) -> auto& { return f.client.unix_file.uid; },
      "Owner of a listening path, a number. none: whoever starts the process.");
  table.listening(kPath);
  table.add<Forwarding>(
      group, "client.unix-gid", id, [](auto& f) -> auto& { return f.client.unix_file.gid; },
      "Group of a listening path, a number. none: that of whoever starts the process.");
  table.listening(kPath);
  table.add_list<net::Networks>(
      group, "client.allow", network_codec(), [](auto& f) -> auto& { return f.access.allow; },
      "Clients that may come in. none: all that are not denied.");
  table.add_list<net::Networks>(
      group, "client.deny", network_codec(), [](auto& f) -> auto& { return f.access.deny; },
      "Clients that may not, even where client.allow names them.");
  table.add<Forwarding>(
      group, "client.proxy-protocol",
      choice_codec<ProxyHeader>(
          "off|optional|required",
          {{"off", ProxyHeader::off}, {"optional", ProxyHeader::optional}, {"required", ProxyHeader::required}}),
      [](auto& f) -> auto& { return f.proxy_header; },
      "The PROXY protocol, versions 1 and 2: whether clients tell who they are ahead of their bytes. optional takes a "
      "header where there is one, required resets clients without.");
  table.listening(kStream);
  Setting& trusted = table.add_list<net::Networks>(
      group, "client.proxy-trusted", network_codec(), [](auto& f) -> auto& { return f.proxy_trusted; },
      "Networks from which a PROXY header is believed. none: any client can claim any address, which client.allow and "
      "client.deny then go by. From any other peer, optional takes it for the client's own data, and required resets "
      "the connection.");
  table.listening(kTcp);
  needs<Forwarding>(trusted, "client.proxy-protocol",
                    [](const Forwarding& f) { return f.proxy_header != ProxyHeader::off; });
}

void add_upstream(Table& table) {
  const Group group = Group::upstream;
  add_socket(table, group, "upstream.", [](auto& f) -> auto& { return f.upstream.socket; });
  table.add<Forwarding>(
      group, "upstream.fast-open", bool_codec(), [](auto& f) -> auto& { return f.upstream.fast_open; },
      "TCP Fast Open: send the client's first bytes with the SYN, where they are here by then. A server may get them "
      "twice, if its answer to the SYN is lost and another address is tried (RFC 7413).");
  table.connecting(kTcp);
  using net::Transparent;
  Setting& sources = table.add_list<std::vector<net::Address>>(
      group, "upstream.sources", source_codec(), [](auto& f) -> auto& { return f.upstream.sources; },
      "Source addresses to connect from, taken in turn. Without a port the kernel chooses one late "
      "(IP_BIND_ADDRESS_NO_PORT), so that destinations share no pool of ports; with one, there must be one worker.");
  table.connecting(kIp);
  needs<Forwarding>(sources, "upstream.transparent",
                    [](const Forwarding& f) { return f.upstream.transparent == Transparent::off; });
  table.add<Forwarding>(
      group, "upstream.netns", netns_codec(), [](auto& f) -> auto& { return f.upstream.netns; },
      "Connect in this network namespace: a path, a name of `ip netns`, or that of a process.");
  table.connecting(kIp | kAbstract);
  table.add<Forwarding>(
      group, "upstream.root", root_codec(), [](auto& f) -> auto& { return f.upstream.root; },
      "The root directory in which the upstream's path is: a directory, or the root of a process such as a "
      "container's. Symbolic links lead nowhere outside it.");
  table.connecting(kPath);
  table.add<Forwarding>(
      group, "upstream.transparent",
      choice_codec<Transparent>(
          "off|ip|ip-and-port",
          {{"off", Transparent::off}, {"ip", Transparent::ip}, {"ip-and-port", Transparent::ip_and_port}}),
      [](auto& f) -> auto& { return f.upstream.transparent; },
      "IP_TRANSPARENT: connect from the client's own address, or from its address and port; needs CAP_NET_RAW, and "
      "the upstream's answers must be routed back through this machine.");
  table.listening(kIp);
  table.connecting(kIp);
  using net::proxy_protocol::Version;
  table.add<Forwarding>(
      group, "upstream.proxy-protocol",
      choice_codec<std::optional<Version>>("off|v1|v2",
                                           {{"off", std::nullopt}, {"v1", Version::v1}, {"v2", Version::v2}}),
      [](auto& f) -> auto& { return f.send_proxy; },
      "The PROXY protocol: tell the upstream who the client is, ahead of its bytes.");
  table.connecting(kStream);
}

void add_process(Table& table) {
  const Group group = Group::process;
  table.add<Config>(
      group, "workers", with_word(count_codec<unsigned>(1, 1024), "auto", 0U),
      [](auto& c) -> auto& { return c.workers; }, "Threads that move data; auto is one a core.");
  table.add<Config>(
      group, "max-sessions", or_none(count_codec<std::uint32_t>(1, kMostSessions)),
      [](auto& c) -> auto& { return c.max_sessions; },
      "Sessions at a time in all; further clients wait in the backlog. none: as many as the descriptors allow.");
  table.add<Config>(
      group, "drain", duration_codec(milliseconds(0), kLongest), [](auto& c) -> auto& { return c.drain; },
      "At a stop, longest time for sessions to finish before they are reset.");
  table.add<Config>(
      group, "bind-retry", duration_codec(milliseconds(0), kLongest), [](auto& c) -> auto& { return c.bind_retry; },
      "At the start, how long to try again to listen where an address or port is in use, or where an address, an "
      "interface, a "
      "network namespace or a directory is not there yet. 0s: it is an error at once.");
  table.add<Config>(
      group, "user", word_or_none_codec("USER", "a user's name or number", 32), [](auto& c) -> auto& { return c.user; },
      "Switch to this user once the listeners are bound. none: stay.");
  table.add<Config>(
      group, "group", word_or_none_codec("GROUP", "a group's name or number", 32),
      [](auto& c) -> auto& { return c.group; }, "Switch to this group as well. none: the user's own.");
}

void add_log(Table& table) {
  const Group group = Group::log;
  table.add<Config>(
      group, "log.target", log_target_codec(), [](auto& c) -> auto& { return c.log.target; },
      "Where a record of each ended session goes; a path has a '/', and its file is opened again on SIGUSR1.");
  needs<Config>(
      table.add<Config>(
          group, "log.format",
          choice_codec<LogFormat>("text|json", {{"text", LogFormat::text}, {"json", LogFormat::json}}),
          [](auto& c) -> auto& { return c.log.format; }, "Records as readable lines, or one JSON object a line."),
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
