// The addresses on which the daemon listens, and which of them a new configuration keeps. Pure.
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

/// An address that a forwarding wants to listen on.
struct WantedPlace {
  std::string forwarding;  ///< its name
  std::size_t port = 0;    ///< the index among its ports
  net::Transport transport = net::Transport::tcp;
  net::Address address;  ///< as configured: the port may be 0
  net::ListenOptions options;
  Namespaces::Shared inside = nullptr;  ///< null: the process's own network namespace
  Roots::Shared root = nullptr;         ///< the root directory of a UNIX path; null: the process's own
};

/// Why clients can no longer reach an open socket at its address.
enum class Loss : std::uint8_t {
  socket,     ///< the socket no longer listens
  interface,  ///< client.interface is gone, or another interface has its name
  address,    ///< no interface has the address
  file,       ///< the UNIX path was removed, or leads to another file
};

/// An address that is listened on.
struct Place {
  WantedPlace as;        ///< what it was made for or was changed to
  net::Address address;  ///< the address as bound
  /// Each worker's own socket, or one socket for all. Null for a worker without a socket; the first worker always has
  /// one.
  std::vector<std::shared_ptr<const Descriptor>> per_worker;
  bool passed = false;  ///< from the service manager: activation.h matches it, and claim() never returns it
  std::shared_ptr<net::SocketFile> file = {};  ///< the file of a UNIX path bound here; removed with its last owner
  /// Why the last reload bound the address anew although it was already listened on.
  std::optional<Loss> after = {};
  bool gave_way = false;  ///< it is being left, and cannot listen again (net::give_way())
};

/// Returns for example "its UNIX path was removed or replaced".
std::string_view text(Loss loss);

/// Returns for each of `wanted` the index of the place that it keeps: one that is on its address and whose sockets can
/// take the new options. The place may come from any forwarding. Only a port 0 must belong to the same port of the same
/// forwarding, which keeps the kernel's choice. `before[i]`: the running name of wanted[i]'s forwarding; nullopt: it is
/// new. A result of nullopt means that new sockets are needed. No place is returned twice.
std::vector<std::optional<std::size_t>> claim(const std::vector<const Place*>& places,
                                              const std::vector<WantedPlace>& wanted,
                                              const std::vector<std::optional<std::string>>& before);

/// Returns the TCP places of `left` that take clients of a place in `staying`. The kernel prefers an address to the
/// wildcard, and for two sockets on one address with different interfaces it may choose either
/// (net/ipv4/inet_hashtables.c inet_lhash2_lookup). Sockets on the same address and interface share its clients; they
/// are not returned.
std::vector<Place*> in_the_way(const std::vector<Place*>& left, const std::vector<const Place*>& staying);

/// Returns whether the kernel would refuse to bind both, unless they share their port (SO_REUSEPORT).
bool overlap(const Place& place, const WantedPlace& wanted);

}  // namespace lastbyte::proxy
