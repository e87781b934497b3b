#include "proxy/listeners.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "net/socket.h"

namespace lastbyte::proxy {
namespace {

Failure of_forwarding(const relay::Forwarding& forwarding, Error error) {
  error.operation = "forwarding '" + forwarding.name + "': " + error.operation;
  return Failure(std::move(error));
}

Result<void> share(Bound& bound, const PassedSocket& passed) {
  const net::ListenOptions& options = bound.forwarding->client;
  if (auto applied = net::apply_listen_options(passed.socket.get(), passed.address, options); !applied)
    return Failure(applied.error());
  for (auto& sockets : bound.per_worker) {
    Descriptor copy(::fcntl(passed.socket.get(), F_DUPFD_CLOEXEC, 0));
    if (!copy) return failure_from_errno("duplicate socket '" + passed.name + "'");
    sockets.push_back(std::move(copy));
  }
  bound.addresses.push_back(passed.address);
  return {};
}

/// On a machine without IPv6, "all addresses" means all that there are.
bool may_be_missing(const relay::Forwarding& forwarding, const net::Address& address, const Error& error) {
  return forwarding.listen.host.empty() && address.family() == AF_INET6 && error.code == EAFNOSUPPORT;
}

Result<void> bind_one(Bound& bound, net::Address address) {
  // Port 0 is one port for all addresses of a forwarding: the one that the kernel chose for the first.
  if (address.port() == 0 && !bound.addresses.empty()) address.set_port(bound.addresses.front().port());
  auto made = net::listen_on(address, bound.forwarding->client, static_cast<int>(bound.per_worker.size()));
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
  for (const Resolved& each : resolved) wanted.push_back({each.forwarding->name, each.listen});
  return wanted;
}

/// `passed`: the sockets that belong to this forwarding.
Result<Bound> bind_forwarding(Resolved resolved, const std::vector<const PassedSocket*>& passed, unsigned workers) {
  Bound bound{std::move(resolved.forwarding), {}, std::move(resolved.upstream), {}};
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

}  // namespace

Result<std::vector<Resolved>> resolve_all(const std::vector<relay::Forwarding>& forwardings) {
  std::vector<Resolved> all;
  for (const relay::Forwarding& forwarding : forwardings) {
    auto listen = net::resolve(forwarding.listen);
    if (!listen) return of_forwarding(forwarding, listen.error());
    auto upstream = net::resolve(forwarding.connect);
    if (!upstream) return of_forwarding(forwarding, upstream.error());
    const auto shared = std::make_shared<const relay::Forwarding>(forwarding);
    for (std::size_t port = 0; port < listen->size(); ++port)
      all.push_back({shared, std::move((*listen)[port]), (*upstream)[upstream->size() == 1 ? 0 : port]});
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
    auto bound = bind_forwarding(std::move(resolved[index]), own, workers);
    if (!bound) return Failure(bound.error());
    all.push_back(std::move(*bound));
  }
  return all;
}

std::vector<relay::Listening> listenings_for(std::vector<Bound>& bound, unsigned index) {
  std::vector<relay::Listening> all;
  for (Bound& each : bound) all.push_back({each.forwarding, each.addresses.front(), std::move(each.per_worker[index]), each.upstream});
  return all;
}

}  // namespace lastbyte::proxy
