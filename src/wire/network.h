// wire: networks for a run. This file: the places of client, proxy and server, either the current network or namespaces
// made for the run.
#pragma once

#include <vector>

#include "base/descriptor.h"
#include "base/result.h"
#include "net/address/address.h"
#include "wire/lossy_link.h"
#include "wire/place.h"

namespace lastbyte::wire {

/// Creates an empty network namespace with loopback up. Needs CAP_SYS_ADMIN.
Result<Descriptor> make_namespace();

/// Namespaces as descriptors; an empty descriptor is the current namespace. The namespaces and everything in them
/// vanish with this object.
struct Network {
  Descriptor client;
  Descriptor proxy;
  Descriptor server;
  net::Address proxy_host;   ///< where the proxy listens; port 0
  net::Address server_host;  ///< where the server listens; the client can reach it, too. Port 0
  std::vector<LossyLink> links;

  /// Creates what the place needs. It fails without the privileges for namespaces. `seed`: for the links' random
  /// choices.
  static Result<Network> make(Place place, std::uint64_t seed);
  /// One namespace for all three, with the kernel's defaults.
  static Result<Network> make_single();
  /// Namespaces joined by cables (veth.h), which lose and delay nothing.
  static Result<Network> make_cabled();
};

}  // namespace lastbyte::wire
