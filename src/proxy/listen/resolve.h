// From settings to addresses: opens namespaces and looks up names, or reports everything that is wrong with them.
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
  std::size_t port = 0;  ///< the index among the forwarding's ports
  std::vector<net::Address> listen;
  std::vector<net::Address> upstream;
  Namespaces::Shared listen_inside = nullptr;    ///< null: the process's own network namespace
  Namespaces::Shared upstream_inside = nullptr;  ///< null: the process's own network namespace
  Roots::Shared listen_root = nullptr;           ///< the root directory of a listening path; null: the process's own
  Roots::Shared upstream_root = nullptr;         ///< the root directory of the upstream's path; null: the process's own
  bool may_meet_itself = false;                  ///< net::may_meet_itself(), for any of its upstreams
  /// The group that sessions use instead of `upstream`; null: none.
  std::shared_ptr<const upstream::Group> group = nullptr;
};

/// The opened network namespaces and root directories.
struct Insides {
  Namespaces namespaces;
  Roots roots;
};

/// All ports of all forwardings. If there are troubles, ports may lack addresses, and serve only to find more troubles.
struct Resolution {
  std::vector<Resolved> ports;
  Troubles troubles = {};
  WantedGroups groups = {};
  Troubles warnings = {};
};

/// Opens the network namespaces and root directories, looks up each name once, and gives every port its upstream: the
/// port at the same position in the upstream's list, or the only one. Names are always looked up in the process's own
/// namespace. The interface of a link-local address (fe80::1%eth0) belongs to the forwarding's namespace. Blocks as
/// long as the machine's resolver does. Groups::look_up() looks up the names of groups.
Resolution resolve_all(const std::vector<relay::Forwarding>& forwardings, Insides& insides,
                       const std::vector<upstream::Group>& groups = {});

}  // namespace lastbyte::proxy
