// net: the kernel, typed. This file: one IPv4 or IPv6 address with its port, as small as the kernel's own.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lastbyte::net {

/// An IPv4 or IPv6 socket address, or none. 28 bytes: every session holds one.
class Address {
 public:
  Address() { address_.any.sa_family = AF_UNSPEC; }
  explicit Address(const sockaddr_in& v4) { address_.v4 = v4; }
  explicit Address(const sockaddr_in6& v6) { address_.v6 = v6; }

  /// From accept(), getsockname() and the like; none for other families or too short a length.
  static Address from_kernel(const sockaddr* address, socklen_t length);
  /// "127.0.0.1" or "::1" (no brackets), with a port. nullopt: not a numeric address.
  static std::optional<Address> parse(std::string_view ip, std::uint16_t port);

  [[nodiscard]] bool none() const { return family() == AF_UNSPEC; }
  [[nodiscard]] int family() const { return address_.any.sa_family; }
  [[nodiscard]] std::uint16_t port() const;
  void set_port(std::uint16_t port);
  [[nodiscard]] bool is_wildcard() const;

  [[nodiscard]] const sockaddr* data() const { return &address_.any; }
  [[nodiscard]] socklen_t size() const;

  /// "127.0.0.1:80", "[::1]:80"; "-" for none.
  [[nodiscard]] std::string text() const;
  /// Without the port and the brackets.
  [[nodiscard]] std::string ip_text() const;
  /// The same with the port set to 0: what "one client" means to a limit.
  [[nodiscard]] Address without_port() const;

  friend bool operator==(const Address& a, const Address& b);

 private:
  union {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6;
  } address_{};
};

struct AddressHash {
  std::size_t operator()(const Address& address) const;
};

}  // namespace lastbyte::net
