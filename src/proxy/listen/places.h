// Where the daemon listens, address by address, and which of that a new configuration goes on with. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/descriptor.h"
#include "net/address/address.h"
#include "net/address/endpoint.h"
#include "net/socket/options.h"
#include "net/unix/listener.h"
#include "proxy/process/namespaces.h"
#include "proxy/process/roots.h"

namespace lastbyte::proxy {

/// One address that a forwarding is to listen on.
struct WantedPlace {
  std::string forwarding;  ///< its name
  std::size_t port = 0;    ///< which of its ports, as an index
  net::Transport transport = net::Transport::tcp;
  net::Address address;  ///< as the settings have it: the port may be 0
  net::ListenOptions options;
  Namespaces::Shared inside = nullptr;  ///< null: the process's own network namespace
  Roots::Shared root = nullptr;         ///< where a UNIX path is; null: in the process's own root
};

/// Why clients can no longer reach a socket at what it was bound to, although it is open.
enum class Loss : std::uint8_t {
  socket,     ///< it does not listen any more
  interface,  ///< client.interface is gone, or another one has its name now
  address,    ///< no interface has the address
  file,       ///< the UNIX path was removed, or leads to something else
};

/// One address that is listened on.
struct Place {
  WantedPlace as;        ///< what it was made for, or has been changed to
  net::Address address;  ///< as the kernel has it
  /// Each worker's own socket, or one for all of them. Null for a worker that has none; the first one has one always.
  std::vector<std::shared_ptr<const Descriptor>> per_worker;
  bool passed = false;  ///< the service manager's: matched by activation.h, and claimed by nobody
  std::shared_ptr<net::SocketFile> file = {};  ///< of a UNIX path that was bound here; goes with its last owner
  /// Its address was listened on already when the last reload bound it anew, and this is why.
  std::optional<Loss> after = {};
  bool gave_way = false;  ///< it is being left, and cannot be listened on again (net::give_way())
};

/// "its UNIX path was removed or replaced"
std::string_view text(Loss loss);

/// For each of `wanted`, the index of the place that it goes on with: one that is on its address and takes the new
/// options on the sockets that it has. Whose it was does not matter, but for port 0, which the same port of the same
/// forwarding keeps as the kernel chose it; `before[i]` is the name that the forwarding of wanted[i] had, if it is not
/// new. nullopt: new sockets are needed. No place is given twice.
std::vector<std::optional<std::size_t>> claim(const std::vector<const Place*>& places,
                                              const std::vector<WantedPlace>& wanted,
                                              const std::vector<std::optional<std::string>>& before);

/// Of `left`, those of TCP whose clients one of `staying` hears, too, while the kernel gives them to the one that is
/// being left: an address is chosen before the wildcard, and of two sockets on one address with different interfaces
/// either may be (net/ipv4/inet_hashtables.c inet_lhash2_lookup). Sockets on the same address and interface share its
/// clients; these are not among them.
std::vector<Place*> in_the_way(const std::vector<Place*>& left, const std::vector<const Place*>& staying);

/// Whether the kernel would refuse to have both, unless they share their port (SO_REUSEPORT).
bool overlap(const Place& place, const WantedPlace& wanted);

}  // namespace lastbyte::proxy
