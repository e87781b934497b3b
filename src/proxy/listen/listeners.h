// From settings to sockets: names resolved and every listening socket bound for every worker, or one clear error.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "net/unix_listener.h"
#include "proxy/activation.h"
#include "proxy/namespaces.h"
#include "proxy/places.h"
#include "proxy/roots.h"
#include "relay/forwarding.h"
#include "relay/shared.h"
#include "relay/worker.h"

namespace lastbyte::proxy {

/// One port (or UNIX socket) of a forwarding, with its names looked up.
struct Resolved {
  std::shared_ptr<const relay::Forwarding> forwarding;
  std::size_t port = 0;  ///< which one, as an index
  std::vector<net::Address> listen;
  std::vector<net::Address> upstream;
  Namespaces::Shared listen_inside = nullptr;    ///< null: in the process's own network namespace
  Namespaces::Shared upstream_inside = nullptr;  ///< likewise
  Roots::Shared listen_root = nullptr;           ///< where a listening path is; null: in the process's own root
  Roots::Shared upstream_root = nullptr;         ///< likewise, of the upstream's
  bool may_meet_itself = false;                  ///< net::may_meet_itself(), of any of its upstreams
};

/// What names of namespaces and root directories stand for.
struct Insides {
  Namespaces namespaces;
  Roots roots;
};

/// Opens the network namespaces and root directories, looks all names up, each once, and gives every port of a
/// forwarding its upstream: the port of the same place in its list, or the only one. Names are looked up where the
/// process is, whatever the namespace; the interface of a link-local address (fe80::1%eth0) is one of the namespace.
/// Blocks, for as long as the machine's resolver does.
Result<std::vector<Resolved>> resolve_all(const std::vector<relay::Forwarding>& forwardings, Insides& insides);

/// One port (or UNIX socket) of a forwarding that clients can reach.
struct Bound {
  std::shared_ptr<const relay::Forwarding> forwarding;
  std::vector<Place> places;  ///< one for each of its addresses
  std::vector<net::Address> upstream;
  Namespaces::Shared upstream_inside;
  Roots::Shared upstream_root;
  std::shared_ptr<relay::ForwardingCounts> counts;  ///< the same for all ports of a forwarding
  bool may_meet_itself = false;

  /// As the kernel has them; no port is 0.
  [[nodiscard]] std::vector<net::Address> addresses() const;
};

/// What is listened on already: nothing at the start.
struct Standing {
  std::vector<const Place*> places;
  /// Let go of by earlier reloads, and not closed by all workers yet: they are in the way, and nobody's any more.
  std::vector<Place> fading;
  /// By the name of a forwarding that is to be: the name that it had, where it goes on from one.
  std::unordered_map<std::string, std::string> names;
};

/// Everything bound, for `workers` workers: places that stand already go on, with the options that are wanted now, and
/// only the rest is made anew. Sockets that were passed are used instead of new ones, by all workers, and so they all
/// accept from one queue. A socket for another network namespace is taken by its name only: what it is bound to says
/// nothing about where. `user`: whom a root process will become, and so whose rights it takes for paths that others
/// than root can change. An error: nothing has changed.
Result<std::vector<Bound>> bind_all(std::vector<Resolved> resolved, const std::vector<PassedSocket>& passed,
                                    unsigned workers, const Standing& standing = {},
                                    const std::optional<FileRights>& user = {});

/// What worker `index` is to serve.
std::vector<relay::Listening> listenings_for(const std::vector<Bound>& bound, unsigned index);

}  // namespace lastbyte::proxy
