// net: typed access to the kernel's network. This file: one socket address: IPv4 or IPv6 with a port, or a UNIX path or
// abstract name.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace lastbyte::net {

/// A socket address, or none. It is small, because every session holds one: copies share a UNIX name, which is long.
class Address {
 public:
  Address() { address_.any.sa_family = AF_UNSPEC; }
  explicit Address(const sockaddr_in& v4) { address_.v4 = v4; }
  explicit Address(const sockaddr_in6& v6) { address_.v6 = v6; }

  /// Converts an address from accept(), getsockname() and the like; none for other families or too short a length. An
  /// unbound UNIX socket, as most clients have, gives an address with an empty name.
  static Address from_kernel(const sockaddr* address, socklen_t length);
  /// Takes "/run/x.sock", "@abstract" (unix(7)), or "" for a socket without a name. nullopt: the name is longer than
  /// the kernel allows (107 bytes), or is neither an absolute path nor an abstract name.
  static std::optional<Address> unix_name(std::string_view name);
  /// "127.0.0.1" or "::1" (no brackets), with a port. nullopt: not a numeric address.
  static std::optional<Address> parse(std::string_view ip, std::uint16_t port);

  [[nodiscard]] bool none() const { return family() == AF_UNSPEC; }
  [[nodiscard]] int family() const { return address_.any.sa_family; }
  [[nodiscard]] std::uint16_t port() const;
  void set_port(std::uint16_t port);
  [[nodiscard]] bool is_wildcard() const;
  /// 127.0.0.0/8 or ::1.
  [[nodiscard]] bool is_loopback() const;
  [[nodiscard]] bool is_unix() const { return family() == AF_UNIX; }
  /// The name as unix_name(name) takes it; empty for other families too.
  [[nodiscard]] std::string unix_name() const;

  [[nodiscard]] const sockaddr* data() const;
  [[nodiscard]] socklen_t size() const;

  /// "127.0.0.1:80", "[::1]:80", "unix:/run/x.sock", "unix:@name", "unix:"; "-" for none.
  [[nodiscard]] std::string text() const;
  /// The address without the port and the brackets; "-" if it is not IP.
  [[nodiscard]] std::string ip_text() const;
  /// The same address with port 0: limits count clients by it.
  [[nodiscard]] Address without_port() const;

  friend bool operator==(const Address& a, const Address& b);

 private:
  union {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6;
  } address_{};
  /// The kernel's structure and its length; null for the other families, to keep it out of their union.
  struct UnixName {
    sockaddr_un address;
    socklen_t length;
  };
  [[nodiscard]] std::string_view unix_view() const;  ///< as the kernel has it; an abstract name includes its zero byte
  std::shared_ptr<const UnixName> unix_;
};

struct AddressHash {
  std::size_t operator()(const Address& address) const;
};

}  // namespace lastbyte::net
