// Where a group's upstreams are: the network namespace and the root directory in which the sockets of its checks are
// made, as those of sessions are.
#pragma once

#include <memory>

#include "net/namespace/thread.h"
#include "net/unix/root_thread.h"

namespace lastbyte::probe {

struct Place {
  std::shared_ptr<net::NamespaceThread> inside = {};  ///< null: the process's own network namespace
  std::shared_ptr<net::RootThread> root = {};         ///< where UNIX paths are; null: the process's own root

  friend bool operator==(const Place&, const Place&) = default;
};

}  // namespace lastbyte::probe
