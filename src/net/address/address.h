// net: the kernel, typed. This file: one socket address: IPv4 or IPv6 with its port, or a UNIX path or abstract name.
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

/// A socket address, or none. Small, because every session holds one: a UNIX name, which is long, is shared.
class Address {
 public:
  Address() { address_.any.sa_family = AF_UNSPEC; }
  explicit Address(const sockaddr_in& v4) { address_.v4 = v4; }
  explicit Address(const sockaddr_in6& v6) { address_.v6 = v6; }

  /// From accept(), getsockname() and the like; none for other families or too short a length. A UNIX socket that is
  /// bound to nothing, as most clients are, gives an address with an empty name.
  static Address from_kernel(const sockaddr* address, socklen_t length);
  /// "/run/x.sock", "@abstract" (unix(7)), or "" for a socket without a name. nullopt: longer than the kernel takes
  /// (107 bytes), or neither a path from the root nor an abstract name.
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
  /// As unix_name() takes it; empty for other families too.
  [[nodiscard]] std::string unix_name() const;

  [[nodiscard]] const sockaddr* data() const;
  [[nodiscard]] socklen_t size() const;

  /// "127.0.0.1:80", "[::1]:80", "unix:/run/x.sock", "unix:@name", "unix:"; "-" for none.
  [[nodiscard]] std::string text() const;
  /// Without the port and the brackets; "-" for what has no IP.
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
  /// The kernel's form and how much of it counts; null for the other families, whose union it is kept out of.
  struct UnixName {
    sockaddr_un address;
    socklen_t length;
  };
  [[nodiscard]] std::string_view unix_view() const;  ///< the name as the kernel has it, an abstract one with its zero
  std::shared_ptr<const UnixName> unix_;
};

struct AddressHash {
  std::size_t operator()(const Address& address) const;
};

}  // namespace lastbyte::net
