// From settings to sockets: names resolved and every listening socket bound for every worker, or one clear error.
#pragma once

#include <memory>
#include <vector>

#include "base/result.h"
#include "proxy/activation.h"
#include "relay/forwarding.h"
#include "relay/worker.h"

namespace lastbyte::proxy {

/// One port (or UNIX socket) of a forwarding, with its names looked up.
struct Resolved {
  std::shared_ptr<const relay::Forwarding> forwarding;
  std::vector<net::Address> listen;
  std::vector<net::Address> upstream;
};

/// Looks all names up, each once, and gives every port of a forwarding its upstream: the port of the same place in its
/// list, or the only one. Blocks; at start only.
Result<std::vector<Resolved>> resolve_all(const std::vector<relay::Forwarding>& forwardings);

/// One port (or UNIX socket) of a forwarding that clients can reach.
struct Bound {
  std::shared_ptr<const relay::Forwarding> forwarding;
  std::vector<net::Address> addresses;  ///< as the kernel has them; no port is 0
  std::vector<net::Address> upstream;
  std::vector<std::vector<Descriptor>> per_worker;  ///< each worker's own sockets
};

/// Binds everything, for `workers` workers. Sockets that were passed are used instead of new ones; each worker gets a
/// duplicate of them, and so all workers accept from one queue.
Result<std::vector<Bound>> bind_all(std::vector<Resolved> resolved, std::vector<PassedSocket> passed, unsigned workers);

/// What worker `index` is to serve; takes its sockets out of `bound`.
std::vector<relay::Listening> listenings_for(std::vector<Bound>& bound, unsigned index);

}  // namespace lastbyte::proxy
