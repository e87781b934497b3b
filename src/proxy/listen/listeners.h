// From addresses to sockets: binds every listening socket for every worker, or reports everything that prevents it.
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

/// One port (or UNIX socket) of a forwarding.
struct Bound {
  std::shared_ptr<const relay::Forwarding> forwarding;
  std::vector<Place> places;  ///< one for each address of the port
  std::vector<net::Address> upstream;
  Namespaces::Shared upstream_inside;
  Roots::Shared upstream_root;
  std::shared_ptr<relay::ForwardingCounts> counts;    ///< one object for all ports of a forwarding
  std::shared_ptr<relay::ForwardingFigures> figures;  ///< one object for all ports of a forwarding
  bool may_meet_itself = false;
  std::size_t port = 0;                                     ///< its index among the forwarding's ports
  std::shared_ptr<const upstream::Group> group = nullptr;   ///< used instead of `upstream`; null: none
  std::shared_ptr<const upstream::Snapshot> snapshot = {};  ///< the group's newest snapshot; null: none yet

  /// The addresses as bound; no port is 0.
  [[nodiscard]] std::vector<net::Address> addresses() const;
};

/// The existing listening sockets; none at the start.
struct Standing {
  std::vector<const Place*> places;
  /// Places that earlier reloads have left and that some workers still serve. They occupy addresses, and no forwarding
  /// has them.
  std::vector<Place> fading;
  /// By the name of a wanted forwarding: the name of the running forwarding that it continues.
  std::unordered_map<std::string, std::string> names;
};

/// What to do with an address of a name that this machine does not have, if it has another address of the name.
enum class Absent : std::uint8_t {
  warn,  ///< the other addresses are enough
  fail,  ///< the address may still come; a loopback address will not
};

struct BoundPorts {
  std::vector<Bound> ports;
  Troubles warnings = {};
};

/// Binds all ports for `workers` workers. Existing places are kept, with the wanted options; only the others are bound.
/// All workers use the passed sockets instead of new ones, so they accept from one queue. For another network
/// namespace, a passed socket is matched only by its name, because its address does not say in which namespace it is.
/// `user`: the user that a root process will become; paths that others than root can change are opened with that user's
/// rights. If anything fails, nothing has changed, and all troubles are returned, with those of the resolution.
Tried<BoundPorts> bind_all(Resolution resolution, const std::vector<PassedSocket>& passed, unsigned workers,
                           const Standing& standing = {}, const std::optional<FileRights>& user = {},
                           Absent absent = Absent::warn);

/// Returns the sockets that worker `index` serves.
std::vector<relay::Listening> listenings_for(const std::vector<Bound>& bound, unsigned index);

}  // namespace lastbyte::proxy
