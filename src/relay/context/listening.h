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
  net::Address listen;  ///< the address that its clients connect to: that of the first socket
  /// One for each address of the listening endpoint. A worker recognizes a socket by its descriptor object from one
  /// serve() to the next; the socket closes when nobody refers to it any more.
  std::vector<std::shared_ptr<const Descriptor>> sockets;
  std::vector<net::Address> upstream_addresses;                     ///< tried in this order; empty with `snapshot`
  std::shared_ptr<net::NamespaceThread> upstream_inside = nullptr;  ///< the upstream's namespace; null: our own
  std::shared_ptr<net::RootThread> upstream_root = nullptr;         ///< the root of its path; null: our own root
  std::size_t borrowed = 0;                    ///< how many of the first sockets the service manager holds too
  std::shared_ptr<ForwardingCounts> counts;    ///< of the forwarding, over all workers
  std::shared_ptr<ForwardingFigures> figures;  ///< under the forwarding's name; null: nobody reads them
  bool may_meet_itself = true;  ///< each TCP connection to the upstream is checked for being connected to itself
  /// A snapshot of the forwarding's group; null: there is no group, and the addresses above apply. Worker::update()
  /// delivers later snapshots.
  std::shared_ptr<const upstream::Snapshot> snapshot = nullptr;
  std::size_t port = 0;  ///< index of the forwarding's port; members with as many ports are reached at theirs
};

}  // namespace lastbyte::relay
