// The groups of upstreams that a configuration makes. Pure.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "probe/directory.h"
#include "relay/terms/forwarding.h"
#include "upstream/terms/settings.h"

namespace lastbyte::proxy {

struct WantedGroups {
  /// Those of the file first, in its order. Behind them, without names: each upstream of forwardings that is followed
  /// as a group of one member.
  probe::Groups all;
  /// By the name of a forwarding, its place in `all`; a forwarding that is absent connects to fixed addresses.
  std::unordered_map<std::string, std::size_t> by_forwarding;

  /// Of a forwarding; null: it has none.
  [[nodiscard]] std::shared_ptr<const upstream::Group> of(const relay::Forwarding& forwarding) const;
};

/// Whether sessions of a forwarding go by the snapshots of a group: the one that it names, or its own, because its
/// upstream is a host name, which is looked up again, or because it tries again. All others connect to fixed addresses,
/// each tried once, and cost nothing more.
bool has_group(const relay::Forwarding& forwarding);

/// `groups`: all that forwardings may name. Forwardings with the same upstream and look-ups share a nameless group.
WantedGroups groups_of(const std::vector<relay::Forwarding>& forwardings, const std::vector<upstream::Group>& groups);

}  // namespace lastbyte::proxy
