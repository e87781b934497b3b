// Where the checks of a group connect from, so that they reach its members as sessions do: the network namespace, the
// root directory, and the options that decide the route.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/address/source.h"
#include "net/namespace/thread.h"
#include "net/unix/root_thread.h"

namespace lastbyte::probe {

struct Place {
  std::shared_ptr<net::NamespaceThread> inside = {};  ///< null: the process's own network namespace
  std::shared_ptr<net::RootThread> root = {};         ///< where UNIX paths are; null: the process's own root
  std::optional<std::uint32_t> mark = {};             ///< SO_MARK
  std::string interface = {};                         ///< SO_BINDTODEVICE; empty: any
  std::vector<net::Source> sources = {};              ///< one of each family is used; empty: the kernel chooses

  friend bool operator==(const Place&, const Place&) = default;
};

}  // namespace lastbyte::probe
