// Where client, proxy and server stand: here, or in network namespaces that are made for them.
#pragma once

#include <vector>

#include "base/descriptor.h"
#include "base/result.h"
#include "net/address/address.h"
#include "wire/lossy_link.h"
#include "wire/place.h"

namespace lastbyte::wire {

/// A network namespace of its own with loopback up, that nobody is in. Needs CAP_SYS_ADMIN.
Result<Descriptor> make_namespace();

/// Namespaces as descriptors; empty: the present one. They vanish with it, with all that was in them.
struct Network {
  Descriptor client;
  Descriptor proxy;
  Descriptor server;
  net::Address proxy_host;   ///< where the proxy is to listen; port 0
  net::Address server_host;  ///< where the server is to listen; a client can reach it too. Port 0
  std::vector<LossyLink> links;

  /// Makes what the place asks for. Fails where that is not allowed: namespaces need privileges. `seed`: of what the
  /// links do to packets.
  static Result<Network> make(Place place, std::uint64_t seed);
};

}  // namespace lastbyte::wire
