#include "proxy/listen/upstreams.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <string>
#include <utility>

#include "net/diag/port_use.h"
#include "net/transport/connect.h"
#include "net/unix/stream.h"
#include "relay/group/view.h"

namespace lastbyte::proxy {
namespace {

/// Tunnels and addresses come and go. At boot, they may come later than this process.
bool may_come(int error) { return error == EADDRNOTAVAIL || error == ENODEV; }

Error told(Error error) {
  if (error.code == ENODEV) error.detail = "no interface has this name now; sessions fail until one has";
  if (error.code == EADDRNOTAVAIL) error.detail += "; sessions from this source fail until that changes";
  if (error.code == EPERM)
    error.detail += "; start as root, or give it to the service (AmbientCapabilities= in the systemd unit)";
  return error;
}

/// Returns the setting that failed. A socket first gets its mark and interface; then its source is bound.
std::string key_of(const net::ConnectOptions& options, const net::Source& source, int error) {
  if (error == ENODEV) return "upstream.interface";
  if (!source.none()) return "upstream.sources";
  if (options.socket.mark) return "upstream.mark";
  return options.socket.interface.empty() ? "upstream.transparent" : "upstream.interface";
}

/// Returns the sources of a family with their indices in the list. Without any, the kernel chooses the source.
std::vector<std::pair<net::Source, std::size_t>> sources_towards(const net::ConnectOptions& options, int family) {
  std::vector<std::pair<net::Source, std::size_t>> sources;
  for (std::size_t index = 0; index < options.sources.size(); ++index)
    if (options.sources[index].family() == family) sources.emplace_back(options.sources[index], index);
  if (sources.empty()) sources.emplace_back();
  return sources;
}

bool asks_for_anything(const net::ConnectOptions& options) {
  return options.socket.mark || !options.socket.interface.empty() || !options.sources.empty() ||
         options.transparent != net::Transparent::off;
}

/// Checks a range of source ports. The kernel would ignore a range that exceeds its own, and use any port
/// (net/ipv4/inet_connection_sock.c inet_sk_get_local_port_range).
Result<void> check_ports(const net::Source& source, const Namespaces::Shared& inside) {
  if (!source.ports) return {};
  Result<net::PortRange> kernels;
  run_in(inside, [&] { kernels = net::local_port_range(); });
  if (!kernels) return Failure(kernels.error());
  if (kernels->first <= source.ports->first && source.ports->last <= kernels->last) return {};
  return failure("connect from " + source.text(), ERANGE,
                 "its ports exceed net.ipv4.ip_local_port_range, " + std::to_string(kernels->first) + "-" +
                     std::to_string(kernels->last) +
                     ", so the kernel would ignore them; expected a part of that range");
}

/// Checks a UNIX upstream. The server need not exist yet. Without a connection, a SOCK_SEQPACKET socket looks like a
/// stream socket.
Result<void> check_unix(const Upstream& upstream) {
  const net::Address& to = upstream.addresses.front();
  const bool datagrams = upstream.root ? net::RootThread::takes_datagrams(upstream.root, to).value_or(false)
                                       : net::probe_unix(to, upstream.inside.get()) == 0;
  if (!datagrams) return {};
  return failure("connect " + to.text(), EPROTOTYPE,
                 "it is a datagram socket; expected a stream socket: datagrams are forwarded from udp to udp only");
}

Trouble trouble_with(const Upstream& upstream, std::string key, Error error, std::size_t index) {
  // A setting that the member does not have itself is the forwarding's.
  if (upstream.group == nullptr || upstream.options() == upstream.forwarding->upstream)
    return trouble_of(*upstream.forwarding, std::move(key), std::move(error), index);
  return trouble_of_member(upstream.group->name, upstream.member, std::move(error));
}

}  // namespace

net::ConnectOptions Upstream::options() const {
  return group == nullptr ? forwarding->upstream : relay::merged(forwarding->upstream, group->members[member].options);
}

net::Transport Upstream::transport() const {
  return group == nullptr ? forwarding->connect.transport : group->members[member].endpoint.transport;
}

std::vector<Upstream> members_of(const Upstream& upstream, const upstream::Group& group) {
  const auto named = group.name.empty() ? nullptr : std::make_shared<const upstream::Group>(group);
  std::vector<Upstream> all;
  for (std::size_t index = 0; index < group.members.size(); ++index) {
    const net::Endpoint& endpoint = group.members[index].endpoint;
    Upstream& one = all.emplace_back(upstream);
    one.group = named;
    one.member = index;
    const std::uint16_t port = endpoint.count() == 0 || endpoint.is_unix() ? std::uint16_t{0} : endpoint.ports.at(0);
    if (const auto fixed =
            endpoint.is_unix() ? net::Address::unix_name(endpoint.path) : net::Address::parse(endpoint.host, port)) {
      one.addresses = {*fixed};
      continue;
    }
    const std::vector<net::Source> sources = one.options().sources;
    for (const char* any : {"0.0.0.0", "::"}) {
      const net::Address address = *net::Address::parse(any, port);
      const bool asked =
          std::ranges::any_of(sources, [&](const net::Source& source) { return source.family() == address.family(); });
      if (asked || (sources.empty() && address.family() == AF_INET)) one.addresses.push_back(address);
    }
  }
  return all;
}

Tried<Troubles> check_upstreams(const std::vector<Upstream>& upstreams) {
  Troubles for_good;
  Troubles passing;
  for (const Upstream& upstream : upstreams) {
    const net::ConnectOptions options = upstream.options();
    if (upstream.addresses.empty()) continue;  // reported already
    if (upstream.transport() == net::Transport::unix_stream) {
      if (auto may = check_unix(upstream); !may)
        for_good.push_back(trouble_with(upstream, "connect", std::move(may.error()), 0));
      continue;
    }
    if (!asks_for_anything(options)) continue;
    std::vector<int> families;
    for (const net::Address& to : upstream.addresses) {
      if (std::ranges::find(families, to.family()) != families.end()) continue;
      families.push_back(to.family());
      for (const auto& [source, index] : sources_towards(options, to.family())) {
        auto may = check_ports(source, upstream.inside);
        if (may) may = net::check_connecting(upstream.transport(), to, source, options, upstream.inside.get());
        if (may) continue;
        const int code = may.error().code;
        (may_come(code) ? passing : for_good)
            .push_back(trouble_with(upstream, key_of(options, source, code), told(std::move(may.error())), index));
      }
    }
  }
  if (!for_good.empty()) return tl::unexpected(std::move(for_good));
  return passing;
}

}  // namespace lastbyte::proxy
