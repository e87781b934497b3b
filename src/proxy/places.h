// Where the daemon listens, address by address, and which of that a new configuration goes on with. Pure.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/descriptor.h"
#include "net/address.h"
#include "net/endpoint.h"
#include "net/options.h"
#include "net/unix_listener.h"
#include "proxy/namespaces.h"

namespace lastbyte::proxy {

/// One address that a forwarding is to listen on.
struct WantedPlace {
  std::string forwarding;  ///< its name
  std::size_t port = 0;    ///< which of its ports, as an index
  net::Transport transport = net::Transport::tcp;
  net::Address address;  ///< as the settings have it: the port may be 0
  net::ListenOptions options;
  Namespaces::Shared inside = nullptr;  ///< null: the process's own network namespace
};

/// One address that is listened on.
struct Place {
  WantedPlace as;        ///< what it was made for, or has been changed to
  net::Address address;  ///< as the kernel has it
  /// Each worker's own socket, or one for all of them. Null for a worker that has none; the first one has one always.
  std::vector<std::shared_ptr<const Descriptor>> per_worker;
  bool passed = false;  ///< the service manager's: matched by activation.h, and claimed by nobody
  std::shared_ptr<net::SocketFile> file = {};  ///< of a UNIX path that was bound here; goes with its last owner
};

/// For each of `wanted`, the index of the place that it goes on with: one that is on its address and takes the new
/// options on the sockets that it has. Whose it was does not matter, but for port 0, which the same port of the same
/// forwarding keeps as the kernel chose it; `before[i]` is the name that the forwarding of wanted[i] had, if it is not
/// new. nullopt: new sockets are needed. No place is given twice.
std::vector<std::optional<std::size_t>> claim(const std::vector<const Place*>& places,
                                              const std::vector<WantedPlace>& wanted,
                                              const std::vector<std::optional<std::string>>& before);

/// Whether the kernel would refuse to have both, unless they share their port (SO_REUSEPORT).
bool overlap(const Place& place, const WantedPlace& wanted);

}  // namespace lastbyte::proxy
