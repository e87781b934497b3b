// An endpoint as a user writes it: tcp:host:port, tcp:[v6]:port, tcp::port (all addresses).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/address.h"

namespace lastbyte::net {

struct Endpoint {
  std::string host;  ///< a name or a numeric address without brackets; empty: all addresses
  std::uint16_t port = 0;

  /// As it was written: "tcp:[::1]:80".
  [[nodiscard]] std::string text() const;
  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

/// Whether the endpoint is to be listened on or connected to; a connecting one must name a host and a port that is
/// not 0.
enum class EndpointUse : std::uint8_t { listen, connect };

/// Pure: no look-up is made. The error's `operation` holds the wrong text and `detail` what was expected, for example
/// operation "endpoint 'tcp:127.0.0.1:70000'", detail "the port is '70000'; expected 0 to 65535".
Result<Endpoint> parse_endpoint(std::string_view text, EndpointUse use);

/// All addresses behind an endpoint, in the resolver's order (getaddrinfo(3), AI_ADDRCONFIG not set), numeric ones
/// without a look-up. An empty host gives 0.0.0.0 and ::. Blocks while a name is looked up: never call it on a worker.
Result<std::vector<Address>> resolve(const Endpoint& endpoint);

}  // namespace lastbyte::net
