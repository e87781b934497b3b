// Checks at the start whether sessions will be able to create the sockets that forwardings need.
#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/address/address.h"
#include "proxy/listen/trouble.h"
#include "proxy/process/namespaces.h"
#include "proxy/process/roots.h"
#include "relay/terms/forwarding.h"
#include "upstream/terms/settings.h"

namespace lastbyte::proxy {

/// The upstream of a forwarding with its addresses, or one member of its group. The ports do not matter.
struct Upstream {
  std::shared_ptr<const relay::Forwarding> forwarding;
  std::vector<net::Address> addresses;                ///< for a name in a group: the wildcard address of each family
  Namespaces::Shared inside;                          ///< null: the process's own network namespace
  Roots::Shared root = {};                            ///< the root directory of its path; null: the process's own
  std::shared_ptr<const upstream::Group> group = {};  ///< a group with a name; null: the forwarding's own upstream
  std::size_t member = 0;                             ///< index in the group

  /// Returns the options with which sessions connect.
  [[nodiscard]] net::ConnectOptions options() const;
  [[nodiscard]] net::Transport transport() const;
};

/// Returns one Upstream for each member of the group.
std::vector<Upstream> members_of(const Upstream& upstream, const upstream::Group& group);

/// Returns one Upstream for each forwarding of `ports`, or for each member of its group. `ports` are Resolved or Bound;
/// the ports of a forwarding are adjacent.
template <typename Ports>
std::vector<Upstream> upstreams_of(const Ports& ports) {
  std::vector<Upstream> all;
  for (const auto& port : ports) {
    if (!all.empty() && all.back().forwarding == port.forwarding) continue;
    const Upstream upstream{port.forwarding, port.upstream, port.upstream_inside, port.upstream_root};
    if (port.group == nullptr)
      all.push_back(upstream);
    else
      std::ranges::move(members_of(upstream, *port.group), std::back_inserter(all));
  }
  return all;
}

/// Tries the mark, interface, source addresses, source ports and transparency of each upstream (net::check_connecting),
/// and whether an existing UNIX socket takes streams. Call it after privileges were dropped, because sessions have only
/// the remaining ones. If some upstreams can never work, the error contains all of these. Otherwise, the value contains
/// troubles that may pass: an address or an interface that is missing now.
Tried<Troubles> check_upstreams(const std::vector<Upstream>& upstreams);

}  // namespace lastbyte::proxy
