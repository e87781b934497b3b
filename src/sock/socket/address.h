// Addresses of the three families, and the addresses that the operands of the command line name.
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

/// An IPv4, IPv6 or UNIX address; none() if the peer has no name.
class SockAddress {
 public:
  SockAddress() = default;
  explicit SockAddress(const net::Address& address);
  /// From a path, or from @NAME in the abstract namespace; at most 107 bytes.
  static SockAddress for_path(const std::string& path);
  static SockAddress from_kernel(const sockaddr_storage& address, socklen_t length);
  /// The address that a socket is bound to.
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

/// Returns the addresses to connect to or to listen at, in the order in which to try them; never empty. Looking up a
/// name may block.
Result<std::vector<SockAddress>> find_peers(const Options& options);
/// Returns the address to bind a client to before it connects to `peer`; none() if no option names one.
Result<SockAddress> find_local(const Options& options, const SockAddress& peer);
/// Returns the number of a port or of a service in /etc/services; for an empty service 0: the kernel chooses.
Result<std::uint16_t> find_port(const std::string& service, Transport transport);
/// Like find_peers(), for a given port of a scan.
Result<std::vector<SockAddress>> find_hosts(const Options& options, std::uint16_t port);

}  // namespace lastbyte::sock
