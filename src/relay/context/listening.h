// What a worker serves: one port of a forwarding, with its sockets and upstream addresses.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "base/descriptor.h"
#include "net/address/address.h"
#include "net/namespace/thread.h"
#include "net/unix/root_thread.h"
#include "relay/terms/forwarding.h"
#include "upstream/terms/snapshot.h"

namespace lastbyte::relay {

struct ForwardingCounts;   // relay/context/shared.h
struct ForwardingFigures;  // relay/terms/figures.h

/// One port (or UNIX socket) of a forwarding with its sockets and its addresses, ready for a worker.
struct Listening {
  std::shared_ptr<const Forwarding> forwarding;
  net::Address listen;  ///< where its clients come in: the first of its sockets
  /// One for each address of the listening endpoint. The same descriptor is the same socket to a worker, from one call
  /// of serve() to the next; it is closed when nobody refers to it any more.
  std::vector<std::shared_ptr<const Descriptor>> sockets;
  std::vector<net::Address> upstream_addresses;                     ///< tried in this order; empty with `snapshot`
  std::shared_ptr<net::NamespaceThread> upstream_inside = nullptr;  ///< whose sockets reach it; null: ours do
  std::shared_ptr<net::RootThread> upstream_root = nullptr;         ///< where its path is; null: in our own root
  std::size_t borrowed = 0;                    ///< how many of the sockets, the first ones, the service manager has too
  std::shared_ptr<ForwardingCounts> counts;    ///< of the forwarding, over all workers
  std::shared_ptr<ForwardingFigures> figures;  ///< under the forwarding's name; null: nobody reads them
  bool may_meet_itself = true;  ///< a TCP connection to the upstream is asked whether it was made to itself
  /// What the group looks like, of a forwarding that has one; null: the addresses above. Worker::update() brings what
  /// it looks like later.
  std::shared_ptr<const upstream::Snapshot> snapshot = nullptr;
  std::size_t port = 0;  ///< which of the forwarding's ports this is: members with as many ports are reached at theirs
};

}  // namespace lastbyte::relay
