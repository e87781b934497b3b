// From settings to sockets: names resolved and every listening socket bound for every worker, or one clear error.
#pragma once

#include <memory>
#include <vector>

#include "base/result.h"
#include "net/unix_listener.h"
#include "proxy/activation.h"
#include "proxy/namespaces.h"
#include "relay/forwarding.h"
#include "relay/worker.h"

namespace lastbyte::proxy {

/// One port (or UNIX socket) of a forwarding, with its names looked up.
struct Resolved {
  std::shared_ptr<const relay::Forwarding> forwarding;
  std::vector<net::Address> listen;
  std::vector<net::Address> upstream;
  Namespaces::Shared listen_inside = nullptr;    ///< null: in the process's own network namespace
  Namespaces::Shared upstream_inside = nullptr;  ///< likewise
};

/// Opens the network namespaces, looks all names up, each once, and gives every port of a forwarding its upstream: the
/// port of the same place in its list, or the only one. Names are looked up where the process is, whatever the
/// namespace; the interface of a link-local address (fe80::1%eth0) is one of the namespace. Blocks; at start only.
Result<std::vector<Resolved>> resolve_all(const std::vector<relay::Forwarding>& forwardings, Namespaces& namespaces);

/// One port (or UNIX socket) of a forwarding that clients can reach.
struct Bound {
  std::shared_ptr<const relay::Forwarding> forwarding;
  std::vector<net::Address> addresses;  ///< as the kernel has them; no port is 0
  std::vector<net::Address> upstream;
  std::vector<std::vector<Descriptor>> per_worker;  ///< each worker's own sockets
  Namespaces::Shared listen_inside = nullptr;
  Namespaces::Shared upstream_inside = nullptr;
  net::SocketFile file = {};  ///< of a UNIX socket that was bound here; goes with this object
  std::size_t borrowed = 0;   ///< how many of them, the first ones, are duplicates of passed sockets
};

/// Binds everything, for `workers` workers. Sockets that were passed are used instead of new ones; each worker gets a
/// duplicate of them, and so all workers accept from one queue. A socket for another network namespace is taken by its
/// name only: what it is bound to says nothing about where.
Result<std::vector<Bound>> bind_all(std::vector<Resolved> resolved, std::vector<PassedSocket> passed, unsigned workers);

/// What worker `index` is to serve; takes its sockets out of `bound`.
std::vector<relay::Listening> listenings_for(std::vector<Bound>& bound, unsigned index);

}  // namespace lastbyte::proxy
