#include "proxy/listeners.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <iterator>

#include "net/datagram.h"
#include "net/socket.h"

namespace lastbyte::proxy {
namespace {

Failure of_forwarding(const relay::Forwarding& forwarding, Error error) {
  error.operation = "forwarding '" + forwarding.name + "': " + error.operation;
  return Failure(std::move(error));
}

/// The first `workers` accept from one queue: each has a duplicate of the socket.
Result<void> share(Bound& bound, const Descriptor& socket, const net::Address& address, std::size_t workers) {
  for (std::size_t worker = 0; worker < workers; ++worker) {
    Descriptor copy(::fcntl(socket.get(), F_DUPFD_CLOEXEC, 0));
    if (!copy) return failure_from_errno("duplicate the socket on " + address.text());
    bound.per_worker[worker].push_back(std::move(copy));
  }
  bound.addresses.push_back(address);
  return {};
}

/// How many workers, the first ones, share a passed socket. Of one UDP socket any worker would get any client's
/// datagrams: one worker alone knows its sessions.
std::size_t sharers(const Bound& bound) {
  return bound.forwarding->listen.transport == net::Transport::udp ? 1 : bound.per_worker.size();
}

Result<void> share(Bound& bound, const PassedSocket& passed) {
  const int fd = passed.socket.get();
  const bool datagrams = passed.transport == net::Transport::udp;
  auto applied = datagrams ? net::prepare_datagram_listener(fd, passed.address)
                           : net::apply_listen_options(fd, passed.address, bound.forwarding->client);
  if (!applied) return applied;
  ++bound.borrowed;
  return share(bound, passed.socket, passed.address, sharers(bound));
}

Result<void> bind_unix(Bound& bound, const net::Address& address) {
  auto made = net::listen_on_unix(address, bound.forwarding->client);
  if (!made) return Failure(made.error());
  bound.file = std::move(made->file);
  return share(bound, made->socket, address, bound.per_worker.size());
}

/// On a machine without IPv6, "all addresses" means all that there are.
bool may_be_missing(const relay::Forwarding& forwarding, const net::Address& address, const Error& error) {
  return forwarding.listen.host.empty() && address.family() == AF_INET6 && error.code == EAFNOSUPPORT;
}

Result<void> bind_one(Bound& bound, net::Address address) {
  if (address.is_unix()) return bind_unix(bound, address);
  // Port 0 is one port for all addresses of a forwarding: the one that the kernel chose for the first.
  if (address.port() == 0 && !bound.addresses.empty()) address.set_port(bound.addresses.front().port());
  const auto listen =
      bound.forwarding->listen.transport == net::Transport::udp ? net::listen_for_datagrams : net::listen_on;
  auto made = listen(address, bound.forwarding->client, static_cast<int>(bound.per_worker.size()));
  if (!made) {
    if (may_be_missing(*bound.forwarding, address, made.error()) && !bound.addresses.empty()) return {};
    return Failure(made.error());
  }
  bound.addresses.push_back(net::local_address(made->front().get()));
  for (std::size_t worker = 0; worker < made->size(); ++worker)
    bound.per_worker[worker].push_back(std::move((*made)[worker]));
  return {};
}

std::vector<Wanted> wanted_of(const std::vector<Resolved>& resolved) {
  std::vector<Wanted> wanted;
  for (const Resolved& each : resolved) {
    const bool here = each.listen_inside == nullptr;
    wanted.push_back(
        {each.forwarding->name, here ? each.listen : std::vector<net::Address>(), each.forwarding->listen.transport});
  }
  return wanted;
}

/// `passed`: the sockets that belong to this forwarding.
Result<Bound> bind_forwarding(Resolved resolved, const std::vector<const PassedSocket*>& passed, unsigned workers) {
  Bound bound{std::move(resolved.forwarding),    {},
              std::move(resolved.upstream),      {},
              std::move(resolved.listen_inside), std::move(resolved.upstream_inside)};
  bound.per_worker.resize(workers);
  bool by_name = false;
  for (const PassedSocket* each : passed) {
    if (auto shared = share(bound, *each); !shared) return of_forwarding(*bound.forwarding, shared.error());
    by_name = by_name || each->name == bound.forwarding->name;
  }
  // A socket of the forwarding's own name is all that it listens on: the socket unit's word holds.
  if (by_name) return bound;
  for (const net::Address& address : resolved.listen) {
    if (std::ranges::any_of(passed, [&](const PassedSocket* each) { return covers(*each, address); })) continue;
    if (auto done = bind_one(bound, address); !done) return of_forwarding(*bound.forwarding, done.error());
  }
  return bound;
}

void run_in(const Namespaces::Shared& inside, const std::function<void()>& function) {
  inside == nullptr ? function() : inside->run(function);
}

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

Result<std::vector<Resolved>> resolve_forwarding(const relay::Forwarding& forwarding, Namespaces& namespaces) {
  const auto listen_inside = namespaces.open(forwarding.client.netns);
  if (!listen_inside) return of_forwarding(forwarding, listen_inside.error());
  const auto upstream_inside = namespaces.open(forwarding.upstream.netns);
  if (!upstream_inside) return of_forwarding(forwarding, upstream_inside.error());
  auto listen = resolve_for(forwarding.listen, *listen_inside);
  if (!listen) return of_forwarding(forwarding, listen.error());
  const auto upstream = resolve_for(forwarding.connect, *upstream_inside);
  if (!upstream) return of_forwarding(forwarding, upstream.error());
  if (*upstream_inside) expect_sockets(**upstream_inside, forwarding.connect, *upstream);

  const auto shared = std::make_shared<const relay::Forwarding>(forwarding);
  std::vector<Resolved> all;
  for (std::size_t port = 0; port < listen->size(); ++port)
    all.push_back({shared, std::move((*listen)[port]), (*upstream)[upstream->size() == 1 ? 0 : port], *listen_inside,
                   *upstream_inside});
  return all;
}

}  // namespace

Result<std::vector<Resolved>> resolve_all(const std::vector<relay::Forwarding>& forwardings, Namespaces& namespaces) {
  std::vector<Resolved> all;
  for (const relay::Forwarding& forwarding : forwardings) {
    auto ports = resolve_forwarding(forwarding, namespaces);
    if (!ports) return Failure(ports.error());
    std::ranges::move(*ports, std::back_inserter(all));
  }
  return all;
}

Result<std::vector<Bound>> bind_all(std::vector<Resolved> resolved, std::vector<PassedSocket> passed,
                                    unsigned workers) {
  const auto owners = match(passed, wanted_of(resolved));
  if (!owners) return Failure(owners.error());
  std::vector<Bound> all;
  for (std::size_t index = 0; index < resolved.size(); ++index) {
    std::vector<const PassedSocket*> own;
    for (std::size_t each = 0; each < passed.size(); ++each)
      if ((*owners)[each] == index) own.push_back(&passed[each]);
    Result<Bound> bound;
    run_in(resolved[index].listen_inside, [&, inside = resolved[index].listen_inside] {
      bound = bind_forwarding(std::move(resolved[index]), own, workers);
    });
    if (!bound) return Failure(bound.error());
    all.push_back(std::move(*bound));
  }
  return all;
}

std::vector<relay::Listening> listenings_for(std::vector<Bound>& bound, unsigned index) {
  std::vector<relay::Listening> all;
  for (Bound& each : bound) {
    std::vector<Descriptor>& sockets = each.per_worker[index];
    const std::size_t borrowed = index < sharers(each) ? each.borrowed : 0;
    all.push_back(
        {each.forwarding, each.addresses.front(), std::move(sockets), each.upstream, each.upstream_inside, borrowed});
  }
  return all;
}

}  // namespace lastbyte::proxy
