// The source of connections to an upstream: an address of this machine, and the local ports they may use.
#pragma once

#include <optional>

#include "net/address/address.h"
#include "net/address/ports.h"

namespace lastbyte::net {

struct Source {
  Source() = default;
  /// Port 0 in the address means any port that the kernel chooses; another port means that port alone.
  Source(Address address_, std::optional<PortRange> ports_ = std::nullopt)  // NOLINT(google-explicit-constructor)
      : address(std::move(address_)), ports(ports_) {}

  Address address;
  /// The ports that the kernel may choose from (IP_LOCAL_PORT_RANGE); nullopt: net.ipv4.ip_local_port_range. Only if
  /// the address's port is 0.
  std::optional<PortRange> ports;

  [[nodiscard]] int family() const { return address.family(); }
  [[nodiscard]] bool none() const { return address.none(); }
  /// Whether all its connections use one port.
  [[nodiscard]] bool is_fixed() const { return address.port() != 0; }
  /// "10.0.0.2", "10.0.0.2:4000", "10.0.0.2:40000-49999", "[fd00::2]:40000-49999"; "-" for none.
  [[nodiscard]] std::string text() const;

  friend bool operator==(const Source&, const Source&) = default;
};

}  // namespace lastbyte::net
