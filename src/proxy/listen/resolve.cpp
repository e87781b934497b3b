#include "proxy/listen/resolve.h"

#include <sys/socket.h>

#include <algorithm>
#include <string>
#include <utility>

#include "net/address/endpoint.h"
#include "net/diag/port_use.h"

namespace lastbyte::proxy {
namespace {

using Addresses = std::vector<std::vector<net::Address>>;  ///< of each port

Result<Addresses> resolve_for(const net::Endpoint& endpoint, const Namespaces::Shared& inside) {
  const bool with_interface = endpoint.host.find('%') != std::string::npos;
  Result<Addresses> resolved;
  run_in(with_interface ? inside : nullptr, [&] { resolved = net::resolve(endpoint); });
  return resolved;
}

int socket_type(const net::Endpoint& endpoint) {
  switch (endpoint.transport) {
    case net::Transport::tcp:
    case net::Transport::unix_stream: return SOCK_STREAM;
    case net::Transport::udp: return SOCK_DGRAM;
  }
  return SOCK_STREAM;
}

void expect_sockets(net::NamespaceThread& inside, const net::Endpoint& connect, const Addresses& upstream) {
  for (const auto& addresses : upstream)
    for (const net::Address& address : addresses) inside.expect(address.family(), socket_type(connect));
}

/// A name may get addresses of both families later. Checks connect by streams, even to members of datagrams.
void expect_sockets(net::NamespaceThread& inside, const upstream::Group& group) {
  for (const upstream::Member& member : group.members) {
    const int type = socket_type(member.endpoint);
    if (member.endpoint.is_unix()) {
      inside.expect(AF_UNIX, type);
      continue;
    }
    const auto address = net::Address::parse(member.endpoint.host, 0);
    for (const int family : {AF_INET, AF_INET6})
      if (!address || address->family() == family) {
        inside.expect(family, type);
        if (group.check) inside.expect(family, SOCK_STREAM);
      }
  }
}

/// Returns the value, or a default value after adding a trouble.
template <typename Value>
Value value_or_trouble(Result<Value> result, const relay::Forwarding& forwarding, std::string key, Troubles& troubles) {
  if (result) return std::move(*result);
  troubles.push_back(trouble_of(forwarding, std::move(key), std::move(result.error())));
  return {};
}

void resolve_forwarding(const relay::Forwarding& forwarding, Insides& insides, Resolution& to) {
  const std::size_t before = to.troubles.size();
  const auto listen_root =
      value_or_trouble(insides.roots.open(forwarding.client.root), forwarding, "client.root", to.troubles);
  const auto shared = std::make_shared<const relay::Forwarding>(forwarding);
  const auto listen_inside =
      value_or_trouble(insides.namespaces.open(forwarding.client.netns), forwarding, "client.netns", to.troubles);
  // The interface in an address belongs to the namespace, and a path belongs to the root.
  const bool is_inside = to.troubles.size() == before;
  Addresses listen;
  if (is_inside)
    listen = value_or_trouble(resolve_for(forwarding.listen, listen_inside), forwarding, "listen", to.troubles);
  const std::size_t upstream_before = to.troubles.size();
  const auto upstream_root =
      value_or_trouble(insides.roots.open(forwarding.upstream.root), forwarding, "upstream.root", to.troubles);
  const auto upstream_inside =
      value_or_trouble(insides.namespaces.open(forwarding.upstream.netns), forwarding, "upstream.netns", to.troubles);
  const auto group = to.groups.of(forwarding);
  to.groups.place(forwarding, upstream_inside, upstream_root);
  Addresses upstream;
  if (to.troubles.size() == upstream_before && group == nullptr)
    upstream = value_or_trouble(resolve_for(forwarding.connect, upstream_inside), forwarding, "connect", to.troubles);
  if (upstream_inside) {
    group ? expect_sockets(*upstream_inside, *group) : expect_sockets(*upstream_inside, forwarding.connect, upstream);
  }
  for (std::size_t port = 0; port < listen.size(); ++port) {
    Resolved each{shared,      port,         std::move(listen[port]), {}, listen_inside, upstream_inside,
                  listen_root, upstream_root};
    each.group = group;
    if (!upstream.empty()) each.upstream = upstream[upstream.size() == 1 ? 0 : port];
    const auto may_meet_itself = [&](const net::Address& address) {
      return net::may_meet_itself(address, forwarding.upstream.sources);
    };
    run_in(upstream_inside,
           [&] { each.may_meet_itself = group != nullptr || std::ranges::any_of(each.upstream, may_meet_itself); });
    to.ports.push_back(std::move(each));
  }
}

}  // namespace

Resolution resolve_all(const std::vector<relay::Forwarding>& forwardings, Insides& insides,
                       const std::vector<upstream::Group>& groups) {
  Resolution resolution;
  resolution.groups = groups_of(forwardings, groups);
  for (const relay::Forwarding& forwarding : forwardings) resolve_forwarding(forwarding, insides, resolution);
  return resolution;
}

}  // namespace lastbyte::proxy
