// Settings of the two sides of a forwarding: sockets towards the client and towards the upstream.
#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "config/settings/table.h"
#include "config/values/names.h"
#include "config/values/numbers.h"

namespace lastbyte::config {

namespace {

using relay::Forwarding;
using relay::ProxyHeader;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// Adds the settings that both sides have. `get` returns the SocketOptions of a Forwarding.
template <typename Get>
void add_socket(Table& table, Heading heading, const std::string& side, Get get) {
  const auto only = [&](Kinds kinds) { heading == Heading::client ? table.listening(kinds) : table.connecting(kinds); };
  const auto add = [&]<typename Member>(const std::string& key, const auto& codec, Member,
                                        std::string_view meaning) -> Setting& {
    return table.add<Forwarding>(
        heading, side + key, codec, [](auto& f) -> auto& { return Member()(Get()(f)); }, meaning);
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
  // The kernel takes the milliseconds as an int.
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
  const Heading heading = Heading::client;
  add_socket(table, heading, "client.", [](auto& f) -> auto& { return f.client.socket; });
  table.add<Forwarding>(
      heading, "client.backlog", count_codec<int>(1, 1 << 20), [](auto& f) -> auto& { return f.client.backlog; },
      "Maximum number of connections that wait to be accepted. The kernel limits it to net.core.somaxconn.");
  table.listening(kStream);
  table.add<Forwarding>(
      heading, "client.defer-accept", or_none(seconds_codec(seconds(1), hours(1))),
      [](auto& f) -> auto& { return f.client.defer_accept; },
      "TCP_DEFER_ACCEPT: start a session when the client has sent data, or after this time. Do not set it for "
      "protocols in which the server speaks first.");
  table.listening(kTcp);
  table.add<Forwarding>(
      heading, "client.fast-open", or_none(count_codec<int>(1, 65535)),
      [](auto& f) -> auto& { return f.client.fast_open; },
      "TCP_FASTOPEN: accept data in the SYN, with at most this many such connections pending. net.ipv4.tcp_fastopen "
      "must allow it.");
  table.listening(kTcp);
  table.add<Forwarding>(
      heading, "client.freebind", bool_codec(), [](auto& f) -> auto& { return f.client.freebind; },
      "IP_FREEBIND: listen on an address that no interface of this machine has yet. Clients can connect as soon as an "
      "interface has the address.");
  table.listening(kIp);
  table.add<Forwarding>(
      heading, "client.reuse-port", bool_codec(), [](auto& f) -> auto& { return f.client.reuse_port; },
      "SO_REUSEPORT: share the port with other processes. Without it, a port in use is an error.");
  table.listening(kIp);
  table.add<Forwarding>(
      heading, "client.netns", netns_codec(), [](auto& f) -> auto& { return f.client.netns; },
      "Listen in this network namespace: a path, a name of `ip netns`, or the namespace of a process.");
  table.listening(kIp | kAbstract);
  table.add<Forwarding>(
      heading, "client.root", root_codec(), [](auto& f) -> auto& { return f.client.root; },
      "Root directory of a listening path: a directory, or the root of a process such as a container's. Symbolic links "
      "cannot lead outside it. Needs CAP_SYS_CHROOT at the start.");
  table.listening(kPath);
  table.add<Forwarding>(
      heading, "client.unix-mode", or_none(file_mode_codec()), [](auto& f) -> auto& { return f.client.unix_file.mode; },
      "File mode of a listening path. none applies the umask.");
  table.listening(kPath);
  const auto id = or_none(count_codec<std::uint32_t>(0, kMostCount - 1));
  table.add<Forwarding>(
      heading, "client.unix-uid", id, [](auto& f) -> auto& { return f.client.unix_file.uid; },
      "Numeric user ID that owns a listening path. none leaves the user that starts the process.");
  table.listening(kPath);
  table.add<Forwarding>(
      heading, "client.unix-gid", id, [](auto& f) -> auto& { return f.client.unix_file.gid; },
      "Numeric group ID of a listening path. none leaves the group that starts the process.");
  table.listening(kPath);
  table.add_list<Forwarding, net::Networks>(
      heading, "client.allow", network_codec(), [](auto& f) -> auto& { return f.access.allow; },
      "Networks whose clients are allowed. none allows all clients that client.deny does not name.");
  table.add_list<Forwarding, net::Networks>(
      heading, "client.deny", network_codec(), [](auto& f) -> auto& { return f.access.deny; },
      "Networks whose clients are denied, even if client.allow names them. lastbyte resets a denied client's "
      "connection, or drops its datagrams, before it connects to the upstream.");
  table.add<Forwarding>(
      heading, "client.proxy-protocol",
      choice_codec<ProxyHeader>(
          "off|optional|required",
          {{"off", ProxyHeader::off}, {"optional", ProxyHeader::optional}, {"required", ProxyHeader::required}}),
      [](auto& f) -> auto& { return f.proxy_header; },
      "Whether clients send a PROXY protocol header, version 1 or 2, ahead of their data. off treats a header as data, "
      "optional accepts clients with and without a header, required resets clients without one.");
  table.listening(kStream);
  Setting& trusted = table.add_list<Forwarding, net::Networks>(
      heading, "client.proxy-trusted", network_codec(), [](auto& f) -> auto& { return f.proxy_trusted; },
      "Networks whose PROXY headers lastbyte trusts. none trusts every client: any client can then claim any address, "
      "and client.allow and client.deny apply to the claimed address. For a client outside these networks, optional "
      "treats a header as the client's data, and required resets the connection.");
  table.listening(kTcp);
  needs<Forwarding>(trusted, "client.proxy-protocol",
                    [](const Forwarding& f) { return f.proxy_header != ProxyHeader::off; });
}

void add_upstream(Table& table) {
  const Heading heading = Heading::upstream;
  add_socket(table, heading, "upstream.", [](auto& f) -> auto& { return f.upstream.socket; });
  table.add<Forwarding>(
      heading, "upstream.fast-open", bool_codec(), [](auto& f) -> auto& { return f.upstream.fast_open; },
      "TCP Fast Open: send the client's first bytes with the SYN, if they have arrived by then. A server may receive "
      "them twice if its answer to the SYN is lost and lastbyte tries another address (RFC 7413).");
  table.connecting(kTcp);
  using net::Transparent;
  Setting& sources = table.add_list<Forwarding, std::vector<net::Source>>(
      heading, "upstream.sources", source_codec(), [](auto& f) -> auto& { return f.upstream.sources; },
      "Source addresses of connections to the upstream, used in turn. Without a port the kernel chooses the port when "
      "it connects (IP_BIND_ADDRESS_NO_PORT), so that destinations do not share one pool of ports. An address with a "
      "range of ports (10.0.0.2:40000-49999) uses these only (IP_LOCAL_PORT_RANGE, Linux 6.3); the range must be a "
      "part "
      "of net.ipv4.ip_local_port_range. An address with a port requires workers to be 1.");
  table.connecting(kIp);
  needs<Forwarding>(sources, "upstream.transparent",
                    [](const Forwarding& f) { return f.upstream.transparent == Transparent::off; });
  using relay::TimeWait;
  Setting& time_wait = table.add<Forwarding>(
      heading, "upstream.time-wait",
      choice_codec<TimeWait>("keep|remove", {{"keep", TimeWait::keep}, {"remove", TimeWait::remove}}),
      [](auto& f) -> auto& { return f.time_wait; },
      "Sockets in TIME_WAIT towards the upstream when more than half of the local ports towards it are in use: keep "
      "leaves them to the kernel for a minute, remove ends them (SOCK_DESTROY). A late segment of an old connection "
      "may "
      "then reach a new one with the same ports (RFC 1337). Needs CAP_NET_ADMIN.");
  table.connecting(kTcp);
  needs<Forwarding>(time_wait, "upstream.transparent",
                    [](const Forwarding& f) { return f.upstream.transparent == Transparent::off; });
  table.add<Forwarding>(
      heading, "upstream.netns", netns_codec(), [](auto& f) -> auto& { return f.upstream.netns; },
      "Connect in this network namespace: a path, a name of `ip netns`, or the namespace of a process.");
  table.connecting(kIp | kAbstract);
  table.add<Forwarding>(
      heading, "upstream.root", root_codec(), [](auto& f) -> auto& { return f.upstream.root; },
      "Root directory of the upstream's path: a directory, or the root of a process such as a container's. Symbolic "
      "links cannot lead outside it.");
  table.connecting(kPath);
  table.add<Forwarding>(
      heading, "upstream.transparent",
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
      heading, "upstream.proxy-protocol",
      choice_codec<std::optional<Version>>("off|v1|v2",
                                           {{"off", std::nullopt}, {"v1", Version::v1}, {"v2", Version::v2}}),
      [](auto& f) -> auto& { return f.send_proxy; },
      "Send a PROXY protocol header of this version to the upstream, with the client's address, ahead of the client's "
      "data.");
  table.connecting(kStream);
}

}  // namespace

void add_sides(Table& table) {
  add_client(table);
  add_upstream(table);
}

}  // namespace lastbyte::config
