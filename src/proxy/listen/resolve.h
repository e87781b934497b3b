// From settings to addresses: namespaces opened and names looked up, or all that is wrong with them.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "net/address/address.h"
#include "proxy/listen/groups.h"
#include "proxy/listen/trouble.h"
#include "proxy/process/namespaces.h"
#include "proxy/process/roots.h"
#include "relay/terms/forwarding.h"

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
  /// The group that sessions go by instead of `upstream`; null: there is none.
  std::shared_ptr<const upstream::Group> group = nullptr;
};

/// The namespaces and root directories that names stand for.
struct Insides {
  Namespaces namespaces;
  Roots roots;
};

/// All ports of all forwardings. Where there are troubles, ports may lack addresses, and are good only for finding
/// more.
struct Resolution {
  std::vector<Resolved> ports;
  Troubles troubles = {};
  WantedGroups groups = {};
  Troubles warnings = {};
};

/// Opens the network namespaces and root directories, looks all names up, each once, and gives every port of a
/// forwarding its upstream: the port of the same place in its list, or the only one. Names are always looked up in
/// the process's own namespace; the interface of a link-local address (fe80::1%eth0) belongs to the forwarding's
/// namespace. Blocks for as long as the machine's resolver does. The names of groups are for Groups::look_up().
Resolution resolve_all(const std::vector<relay::Forwarding>& forwardings, Insides& insides,
                       const std::vector<upstream::Group>& groups = {});

}  // namespace lastbyte::proxy
