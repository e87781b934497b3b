// Derives the groups of upstreams from a configuration. Pure.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "probe/directory.h"
#include "relay/terms/forwarding.h"
#include "upstream/terms/settings.h"

namespace lastbyte::proxy {

struct WantedGroups {
  /// The groups of the file come first, in its order. Nameless groups of one member follow: each stands for the
  /// upstream of one or more forwardings.
  probe::Groups all;
  /// Index in `all` by the name of the forwarding. A forwarding that is absent connects to fixed addresses.
  std::unordered_map<std::string, std::size_t> by_forwarding;

  /// Returns the group of a forwarding; null: it has none.
  [[nodiscard]] std::shared_ptr<const upstream::Group> of(const relay::Forwarding& forwarding) const;
  /// Makes the checks of the forwarding's group connect from `inside` and `root`, with the forwarding's mark, interface
  /// and sources. Does nothing if the forwarding has no group, or its group no checks. Call it once for each
  /// forwarding. The configuration ensures that all forwardings of a group with checks name the same namespace and
  /// root. Checks use a mark, an interface or sources only if all of them name the same.
  void place(const relay::Forwarding& forwarding, const std::shared_ptr<net::NamespaceThread>& inside,
             const std::shared_ptr<net::RootThread>& root);

 private:
  std::unordered_set<std::size_t> placed_;  ///< indexes in `all`
};

/// Returns whether sessions of a forwarding use the snapshots of a group. It may be a named group. A forwarding also
/// gets a nameless group if its upstream is a host name, which is looked up again and again, or if it retries. All
/// other forwardings connect to fixed addresses, each tried once, and have no group's cost.
bool has_group(const relay::Forwarding& forwarding);

/// `groups`: the groups that forwardings may name. Forwardings with the same upstream and look-ups share a nameless
/// group.
WantedGroups groups_of(const std::vector<relay::Forwarding>& forwardings, const std::vector<upstream::Group>& groups);

}  // namespace lastbyte::proxy
