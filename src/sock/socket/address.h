// An address of any of the three families, and what the operands of the command line mean.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/address/address.h"
#include "sock/command/sock.h"

namespace lastbyte::sock {

/// IPv4, IPv6 or UNIX; none() where the peer has no name.
class SockAddress {
 public:
  SockAddress() = default;
  explicit SockAddress(const net::Address& address);
  /// A path, or @NAME in the abstract namespace; at most 107 bytes.
  static SockAddress for_path(const std::string& path);
  static SockAddress from_kernel(const sockaddr_storage& address, socklen_t length);
  /// The address that a socket is bound to, or connected to.
  static SockAddress local_of(int fd);

  [[nodiscard]] bool none() const { return size_ == 0; }
  [[nodiscard]] int family() const { return storage_.ss_family; }
  [[nodiscard]] const sockaddr* data() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  [[nodiscard]] socklen_t size() const { return size_; }
  /// "127.0.0.1:80", "[::1]:80", "/run/x.sock", "@name", "(unnamed)".
  [[nodiscard]] std::string text() const;

  friend bool operator==(const SockAddress& a, const SockAddress& b) { return a.text() == b.text(); }

 private:
  sockaddr_storage storage_{};
  socklen_t size_ = 0;
};

/// Where to connect or to listen, in the order to be tried; never empty. A name is looked up: this may block.
Result<std::vector<SockAddress>> find_peers(const Options& options);
/// The address to bind a client to before it connects to `peer`; none() if no option asks for one.
Result<SockAddress> find_local(const Options& options, const SockAddress& peer);
/// A port's number, or that of a service of /etc/services; empty: 0, the kernel's choice.
Result<std::uint16_t> find_port(const std::string& service, Transport transport);
/// As find_peers, for one given port of a scan.
Result<std::vector<SockAddress>> find_hosts(const Options& options, std::uint16_t port);

}  // namespace lastbyte::sock
