// An endpoint as a user writes it: tcp:HOST:PORTS, udp:HOST:PORTS, unix:/PATH, unix:@NAME. HOST:PORTS alone means TCP;
// PORTS alone means those of 127.0.0.1.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/address/address.h"
#include "net/address/ports.h"

namespace lastbyte::net {

enum class Transport : std::uint8_t {
  tcp,
  udp,
  unix_stream,  ///< SOCK_STREAM, by path or abstract name (unix(7))
};

struct Endpoint {
  Transport transport = Transport::tcp;
  std::string host = {};  ///< a name or a numeric address without brackets; empty: all addresses
  Ports ports = {};       ///< at least one, except for UNIX sockets
  std::string path = {};  ///< "/run/x.sock" or "@name"; for UNIX sockets only

  static Endpoint tcp(std::string host, std::uint16_t port) {
    return {Transport::tcp, std::move(host), Ports(port), {}};
  }

  [[nodiscard]] bool is_unix() const { return transport == Transport::unix_stream; }
  /// Whether it is a UNIX socket with a file.
  [[nodiscard]] bool is_path() const { return is_unix() && path.starts_with('/'); }
  /// The number of sockets it stands for: its ports, or one.
  [[nodiscard]] std::size_t count() const { return is_unix() ? 1 : ports.count(); }

  /// The text with its transport: "tcp:[::1]:80", "udp::5000-5010,53", "unix:@name".
  [[nodiscard]] std::string text() const;
  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

/// The use of an endpoint. One to connect to must name a host and ports other than 0.
enum class EndpointUse : std::uint8_t { listen, connect };

/// Parses an endpoint. Pure: it looks up no name. The error's `operation` holds the wrong text and `detail` what was
/// expected, for example operation "endpoint 'tcp:127.0.0.1:70000'", detail "the port is '70000'; expected 0 to 65535".
Result<Endpoint> parse_endpoint(std::string_view text, EndpointUse use);

/// Whether a host is a numeric address, and not a name to look up. The interface of a link-local address (fe80::1%eth0)
/// need not exist here: it may be in another network namespace.
bool is_numeric(std::string_view host);

/// Returns all addresses of a host, each with `port`, in the resolver's order (getaddrinfo(3), AI_ADDRCONFIG not set);
/// a numeric host needs no look-up. An empty host gives 0.0.0.0 and ::. Blocks while a name is looked up: never call it
/// on a worker.
Result<std::vector<Address>> resolve(const std::string& host, std::uint16_t port);

/// Returns the addresses for each of an endpoint's ports, in order; for a UNIX socket, one list with one address. A
/// name is looked up once.
Result<std::vector<std::vector<Address>>> resolve(const Endpoint& endpoint);

std::string_view name(Transport);

}  // namespace lastbyte::net
