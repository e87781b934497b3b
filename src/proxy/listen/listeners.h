// From addresses to sockets: every listening socket bound for every worker, or all that is in the way.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "net/unix/listener.h"
#include "proxy/listen/activation.h"
#include "proxy/listen/places.h"
#include "proxy/listen/resolve.h"
#include "proxy/listen/trouble.h"
#include "proxy/process/namespaces.h"
#include "relay/context/shared.h"
#include "relay/terms/forwarding.h"
#include "relay/worker/worker.h"
#include "upstream/terms/snapshot.h"

namespace lastbyte::proxy {

/// One port (or UNIX socket) of a forwarding that clients can reach.
struct Bound {
  std::shared_ptr<const relay::Forwarding> forwarding;
  std::vector<Place> places;  ///< one for each of its addresses
  std::vector<net::Address> upstream;
  Namespaces::Shared upstream_inside;
  Roots::Shared upstream_root;
  std::shared_ptr<relay::ForwardingCounts> counts;    ///< the same for all ports of a forwarding
  std::shared_ptr<relay::ForwardingFigures> figures;  ///< likewise
  bool may_meet_itself = false;
  std::size_t port = 0;                                     ///< which one of the forwarding's
  std::shared_ptr<const upstream::Group> group = nullptr;   ///< instead of `upstream`; null: there is none
  std::shared_ptr<const upstream::Snapshot> snapshot = {};  ///< its newest look, once there is one

  /// As the kernel has them; no port is 0.
  [[nodiscard]] std::vector<net::Address> addresses() const;
};

/// The existing listening sockets: none at the start.
struct Standing {
  std::vector<const Place*> places;
  /// Let go of by earlier reloads, and not closed by all workers yet: they are in the way, and nobody's any more.
  std::vector<Place> fading;
  /// By the name of a forwarding that is to be: the name that it had, where it goes on from one.
  std::unordered_map<std::string, std::string> names;
};

/// The treatment of an address of a name that this machine does not have, while it has another address of the name.
enum class Absent : std::uint8_t {
  warn,  ///< the others are enough
  fail,  ///< it may come yet; a loopback address will not
};

struct BoundPorts {
  std::vector<Bound> ports;
  Troubles warnings = {};
};

/// Everything bound, for `workers` workers: places that stand already go on, with the options that are wanted now, and
/// only the rest is made anew. Sockets that were passed are used instead of new ones, by all workers, and so they all
/// accept from one queue. A socket for another network namespace is taken by its name only: what it is bound to says
/// nothing about where. `user`: whom a root process will become, and so whose rights it takes for paths that others
/// than root can change. Where anything cannot be had, nothing has changed, and all of it is returned, with the
/// troubles of the resolution.
Tried<BoundPorts> bind_all(Resolution resolution, const std::vector<PassedSocket>& passed, unsigned workers,
                           const Standing& standing = {}, const std::optional<FileRights>& user = {},
                           Absent absent = Absent::warn);

/// The sockets that worker `index` serves.
std::vector<relay::Listening> listenings_for(const std::vector<Bound>& bound, unsigned index);

}  // namespace lastbyte::proxy
