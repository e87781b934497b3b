// Whether sessions will be able to make the sockets that forwardings ask for: found out before the first of them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/address/address.h"
#include "proxy/listen/trouble.h"
#include "proxy/process/namespaces.h"
#include "proxy/process/roots.h"
#include "relay/terms/forwarding.h"

namespace lastbyte::proxy {

/// One forwarding with what its upstream's name stands for. Its ports do not matter.
struct Upstream {
  std::shared_ptr<const relay::Forwarding> forwarding;
  std::vector<net::Address> addresses;
  Namespaces::Shared inside;  ///< null: in the process's own network namespace
  Roots::Shared root = {};    ///< where its path is; null: in the process's own root
};

/// One for each forwarding of `ports`, which are Resolved or Bound; the ports of a forwarding stand together.
template <typename Ports>
std::vector<Upstream> upstreams_of(const Ports& ports) {
  std::vector<Upstream> all;
  for (const auto& port : ports)
    if (all.empty() || all.back().forwarding != port.forwarding)
      all.push_back({port.forwarding, port.upstream, port.upstream_inside, port.upstream_root});
  return all;
}

/// Tries mark, interface, source addresses with their ports and transparency of each (net::check_connecting), and
/// whether a UNIX socket that is there takes streams. To be asked once privileges are dropped: with those that are left
/// sessions must do. Troubles in the place of the value: some will never work; all of those. In the value: what may
/// pass, an address or an interface that is not there now.
Tried<Troubles> check_upstreams(const std::vector<Upstream>& upstreams);

}  // namespace lastbyte::proxy
