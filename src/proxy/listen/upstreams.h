// Whether sessions will be able to make the sockets that forwardings ask for: found out before the first of them.
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

/// One forwarding with what its upstream's name stands for, or one member of its group. Its ports do not matter.
struct Upstream {
  std::shared_ptr<const relay::Forwarding> forwarding;
  std::vector<net::Address> addresses;                ///< of a name in a group: any address of each family
  Namespaces::Shared inside;                          ///< null: in the process's own network namespace
  Roots::Shared root = {};                            ///< where its path is; null: in the process's own root
  std::shared_ptr<const upstream::Group> group = {};  ///< with a name; null: it is the forwarding's own upstream
  std::size_t member = 0;                             ///< of the group

  /// How sessions connect.
  [[nodiscard]] net::ConnectOptions options() const;
  [[nodiscard]] net::Transport transport() const;
};

/// The members of its group, one by one.
std::vector<Upstream> members_of(const Upstream& upstream, const upstream::Group& group);

/// One for each forwarding of `ports`, or for each member of its group. `ports` are Resolved or Bound; the ports of a
/// forwarding stand together.
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

/// Tries mark, interface, source addresses with their ports and transparency of each (net::check_connecting), and
/// whether a UNIX socket that is there takes streams. To be asked once privileges are dropped: with those that are left
/// sessions must do. Troubles in the place of the value: some will never work; all of those. In the value: what may
/// pass, an address or an interface that is not there now.
Tried<Troubles> check_upstreams(const std::vector<Upstream>& upstreams);

}  // namespace lastbyte::proxy
